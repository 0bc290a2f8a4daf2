"""Retries of a task, with growing pauses."""

from typing import Any

from celery_health.presets.preset import PresetError

ATTEMPTS = 5
LONGEST_PAUSE_SECONDS = 600


def retries(
    *errors: type[BaseException],
    attempts: int = ATTEMPTS,
    first_pause: int = 1,
    longest_pause: int = LONGEST_PAUSE_SECONDS,
) -> dict[str, Any]:
    """Options of a task that is tried again: ``@app.task(**presets.retries(ConnectionError))``.

    The pauses double: 1, 2, 4 ... s, at most ``longest_pause``; each is cut at random, so that tasks which
    failed together do not come back together.

    The trade-off: a waiting retry is a message with an ETA, which a worker holds in memory. With many or long
    pauses it holds many of them, and on Redis ``longest_pause`` has to stay below the visibility timeout.

    Args:
        errors: what is tried again. Name what passes by itself (connections, time-outs); everything else
            should fail at once, where it is seen.
        attempts: how often after the first time.
        first_pause: seconds; whole, as Celery takes them.
        longest_pause: seconds.

    Raises:
        PresetError: no error is named, or a number is below 1.
    """
    if not errors:
        raise PresetError("Name the errors to try again after: retries(ConnectionError, TimeoutError).")
    numbers = {"attempts": attempts, "first_pause": first_pause, "longest_pause": longest_pause}
    for name, number in numbers.items():
        if number < 1:
            raise PresetError(f"{name}={number}: write 1 or more.")
    return {
        "autoretry_for": errors,
        "max_retries": attempts,
        "retry_backoff": first_pause,
        "retry_backoff_max": longest_pause,
        "retry_jitter": True,
    }
