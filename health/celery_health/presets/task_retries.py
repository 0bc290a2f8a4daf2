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
    """Options of a task that retries by itself: ``@app.task(**presets.retries(ConnectionError))``.

    The pauses double: 1, 2, 4 ... s, at most ``longest_pause``. Each is shortened at random, so that tasks
    that failed together do not retry together.

    Cost: a waiting retry is an ETA task, which a worker keeps in memory. With many retries or long pauses
    there are many of them. On Redis, keep ``longest_pause`` below the visibility timeout.

    Args:
        errors: the exceptions after which the task retries. Name those that pass by themselves, such as
            connection errors and timeouts. Everything else should fail at once.
        attempts: how often it retries after the first attempt.
        first_pause: whole seconds.
        longest_pause: whole seconds.

    Raises:
        PresetError: there is no exception, or a number is below 1.
    """
    if not errors:
        raise PresetError("Name the exceptions to retry after: retries(ConnectionError, TimeoutError).")
    numbers = {"attempts": attempts, "first_pause": first_pause, "longest_pause": longest_pause}
    for name, number in numbers.items():
        if number < 1:
            raise PresetError(f"{name}={number}: use 1 or more.")
    return {
        "autoretry_for": errors,
        "max_retries": attempts,
        "retry_backoff": first_pause,
        "retry_backoff_max": longest_pause,
        "retry_jitter": True,
    }
