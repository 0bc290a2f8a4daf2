"""The error of an action that cannot be done."""


class RefusedError(Exception):
    """The action is not done. The message is one sentence that says why, and what to do instead."""
