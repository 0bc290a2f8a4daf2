"""Waiting by the time of day, which people and machines set back."""


def passed(since: float, seconds: float, now: float) -> bool:
    """Whether a time has passed since a moment.

    It has also passed if the moment lies as far ahead: then the clock was set back. So a wait is at most
    twice as long as it should be, however far the clock went back.
    """
    return abs(now - since) >= seconds
