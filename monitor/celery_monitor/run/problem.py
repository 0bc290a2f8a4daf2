"""The error of a monitor that cannot start."""


class StartError(Exception):
    """The monitor cannot start with these settings. The message says why and what to do, without secrets."""
