"""Values that both databases take, out of whatever an event said. Pure."""

MOST_ID_CHARACTERS = 250
MOST_LABEL_CHARACTERS = 300
MOST_TEXT_CHARACTERS = 100_000
_SMALLEST_TIME, _LARGEST_TIME = -1e11, 1e11


def text(value: str | None, most: int = MOST_TEXT_CHARACTERS) -> str | None:
    """The text without NUL and lone surrogates, which PostgreSQL refuses, and at most this long."""
    if value is None:
        return None
    if len(value) > most:
        value = value[:most]
    if "\0" in value:
        value = value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            value = value.encode(errors="replace").decode()
    return value


def time(value: float | None) -> float | None:
    """A time or a time span in seconds; None if it is no number or thousands of years away."""
    if value is None or not _SMALLEST_TIME < value < _LARGEST_TIME:
        return None
    return float(value)


def integer(value: int | None, bits: int = 32) -> int | None:
    """The number, or the nearest one that a column of this size takes."""
    if value is None:
        return None
    most = (1 << (bits - 1)) - 1
    return max(-most, min(most, int(value)))
