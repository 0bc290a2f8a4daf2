"""The one error that the measurements raise."""


class BenchError(Exception):
    """A measurement could not be made. The message says what is missing and what to do."""
