"""A part of a documentation page that `make docs` writes, between two comments. The rest is kept."""

import textwrap
from collections.abc import Iterable

_BEGIN, _END = "{}: written by `make docs`", "end of the generated part"
MARKDOWN = "<!-- {} -->"
"""A comment."""
_WIDTH = 128


def has_part(text: str, name: str) -> bool:
    """Whether the text has a generated part of this name."""
    return MARKDOWN.format(_BEGIN.format(name)) in text


def replaced(text: str, name: str, lines: Iterable[str], comment: str = MARKDOWN) -> str:
    """The text with the generated part of this name. Added at the end where the text has no such part.

    ``comment``: a comment of the language, with {} for its text.

    Raises:
        ValueError: the part has no end, so that what follows it is not known.
    """
    begin, end = comment.format(_BEGIN.format(name)), comment.format(_END)
    part = "\n".join((begin, "", *lines, "", end))
    if begin not in text:
        return f"{text.rstrip()}\n\n{part}\n".lstrip()
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"the generated part {name} has no end: write {end} behind it")
    return before + part + after


def wrapped(text: str) -> list[str]:
    """A paragraph of Markdown, in lines that ``tools.style`` accepts. Long words and code stay whole."""
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
