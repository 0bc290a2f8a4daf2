"""Orders to workers that have just started. Pure."""

STARTUP_SECONDS = 10.0
"""A worker announces itself before it listens to remote control, so it is ordered again for this time."""


def may_have_missed(ordered: float | None, since: float) -> bool:
    """Whether a worker that is online since then may have missed what it was last ordered."""
    return ordered is None or ordered < since + STARTUP_SECONDS
