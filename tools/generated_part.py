"""A part of a documentation page that `make docs` writes, between two comments. The rest is kept."""

from collections.abc import Iterable

_BEGIN, _END = "<!-- {}: written by `make docs` -->", "<!-- end of the generated part -->"


def has_part(text: str, name: str) -> bool:
    """Whether the text has a generated part of this name."""
    return _BEGIN.format(name) in text


def replaced(text: str, name: str, lines: Iterable[str]) -> str:
    """The text with the generated part of this name. Added at the end where the text has no such part."""
    begin = _BEGIN.format(name)
    part = "\n".join((begin, "", *lines, "", _END))
    if begin not in text:
        return f"{text.rstrip()}\n\n{part}\n".lstrip()
    before, _, rest = text.partition(begin)
    return before + part + rest.partition(_END)[2]
