"""Limits of numbers, also for programs without msgspec, such as a worker that checks its result backend."""

LARGEST_COUNT = 2**53 - 1
"""The largest integer that every JSON reader keeps exact."""

LARGEST_SECONDS = 1e10
"""The largest number of seconds, in both directions: some 317 years, also as Unix time."""
