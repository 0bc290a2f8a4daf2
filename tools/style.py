"""``python -m tools.style [PATH...]``: refuses words that the project does not use.

It checks the prose of Markdown, the comments of YAML, and the comments, strings and names of Python, in files
that git tracks. It also refuses long lines of Markdown, and commands that kubectl refuses. It exits with 1 if
it finds something. docs/glossary.md has the words to use instead.
"""

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

CHECKED = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "charts",
    "docs",
    "crds",
    "health",
    "probe",
    "operator",
    "monitor",
    "bench",
    "examples",
    "tools",
    "tests",
    # Licenses of others.
    ":!monitor/celery_monitor/page/vendor",
    # They name the words.
    ":!tools/style.py",
    ":!tests/unit/docs/test_style.py",
)
"""Paths to check if there are no arguments, as `git ls-files` takes them."""

WORDS = {
    r"told|tells?|telling|untold": "report, say, show; unknown",
    r"look(?:s|ed|ing)?": "read, check, find, reconcile; appear",
    r"wish(?:es|ed)?": "request, order; want",
    r"ill|illness(?:es)?": "unhealthy, broken; failure, verdict",
    r"mend(?:s|ed|ing)?": "repair, fix, correct",
    r"holdings|hoards? of": "in-flight tasks",
    r"nobody|whoever|whom": "no worker, no person; name the subject",
    r"by hand": "yourself, manually",
    r"so many": "that number of, the number",
    r"an URL": "a URL",
    r"result stores?": "result backend",
}
"""Refused words, as regular expressions of whole words, and what to write instead."""

MAX_LINE = 130
"""The longest line of prose in Markdown. Tables, pictures and code may be longer."""

_REFUSED = re.compile("|".join(rf"(\b(?:{words})\b)" for words in WORDS), re.IGNORECASE)
_MISPLACED_OPTION = re.compile(r"kubectl (?:-n|--namespace)[ =]\S+ celery\b")
_FENCED = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"^```.*?^```|`[^`]*`|<!--.*?-->|\]\([^)]*\)", re.MULTILINE | re.DOTALL)

_NEXT_WORD = re.compile(r"_+|(?<=[a-z])(?=[A-Z])")


class Finding(NamedTuple):
    """What is refused, its line, and what to write instead."""

    line: int
    refused: str
    instead: str


def findings(text: str, suffix: str) -> list[Finding]:
    """What is refused in the text of a file with this suffix."""
    found = [
        Finding(number, match.group(), "kubectl celery -n NAMESPACE: a plugin's name comes before options")
        for number, line in enumerate(text.splitlines(), 1)
        if (match := _MISPLACED_OPTION.search(line))
    ]
    if suffix == ".md":
        found += [
            Finding(number, f"{line[:30]}...", f"at most {MAX_LINE} characters in a line")
            for number, line in enumerate(_without(_FENCED, text).splitlines(), 1)
            if len(line) > MAX_LINE and not line.lstrip().startswith(("|", "![", "<!--"))
        ]
    for number, line in enumerate(_prose(text, suffix).splitlines(), 1):
        for match in _REFUSED.finditer(line):
            instead = list(WORDS.values())[(match.lastindex or 1) - 1]
            found.append(Finding(number, match.group(), instead))
    return found


def main(arguments: Sequence[str]) -> int:
    """Print each finding with its place."""
    listed = subprocess.run(
        ["git", "ls-files", "--", *(arguments or CHECKED)], capture_output=True, text=True, check=True
    )
    failed = False
    for name in listed.stdout.splitlines():
        path = Path(name)
        if path.suffix not in _READERS or not path.is_file():
            continue
        for finding in findings(path.read_text(encoding="utf-8"), path.suffix):
            failed = True
            print(f"{name}:{finding.line}: '{finding.refused}': write {finding.instead}")
    return int(failed)


def _prose(text: str, suffix: str) -> str:
    """The text with all that is not prose left out, on the same lines."""
    return _READERS[suffix](text)


def _markdown(text: str) -> str:
    return _without(_CODE, text)


def _without(part: re.Pattern[str], text: str) -> str:
    """The text without these parts, on the same lines."""
    return part.sub(lambda match: "\n" * match.group().count("\n"), text)


def _yaml(text: str) -> str:
    return "\n".join(line.partition("#")[2] for line in text.splitlines())


def _python(text: str) -> str:
    lines = [""] * (text.count("\n") + 2)
    for line, words in _words(text):
        for offset, part in enumerate(words.splitlines()):
            lines[line - 1 + offset] += f" {part} ."
    return "\n".join(lines)


def _words(text: str) -> Iterator[tuple[int, str]]:
    """Comments and strings, and names as the words that they consist of."""
    kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1)}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in kinds:
            yield token.start[0], token.string
        elif token.type == tokenize.NAME:
            yield token.start[0], _NEXT_WORD.sub(" ", token.string)


_READERS = {".md": _markdown, ".txt": _markdown, ".yaml": _yaml, ".py": _python}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
