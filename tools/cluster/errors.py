"""What this package raises: errors whose message says what to do."""


class ClusterError(Exception):
    """Something that the cluster needs failed; the message says what, and what to do about it."""


class MissingToolError(ClusterError):
    """A program that is neither here nor installable by us; the message says how to install it."""
