"""The one error of the filter language."""


class FilterError(ValueError):
    """A filter cannot be read. The message says what to write instead.

    ``position``: the index of the first character of the faulty term, None if the whole filter is meant.
    """

    def __init__(self, message: str, position: int | None = None):
        place = "" if position is None else f" (at character {position + 1})"
        super().__init__(message + place)
        self.position = position
