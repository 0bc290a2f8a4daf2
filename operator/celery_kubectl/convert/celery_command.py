"""Finds Celery among the words of a container's command."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from celery_health.masking import mask_recognised
from celery_kubectl.command_line.options import Given, Role, parse
from celery_kubectl.command_line.start import CeleryStart, Starter, start_of, without_keywords
from celery_kubectl.command_line.words import Command, Literal, commands_of, expanded, has_open_quote, program

# They only pass signals on and end zombies.
_INITS = frozenset({"tini", "tini-static", "dumb-init", "docker-init", "catatonit", "exec", "--", "-g", "-s"})


@dataclass(frozen=True, slots=True)
class NotCelery:
    """Why a container cannot be converted."""

    reason: str
    """Follows the name of the Deployment in a sentence."""
    foreign: bool = False
    """Whether another program starts Celery."""


@dataclass(frozen=True, slots=True)
class CeleryCommand:
    """``celery worker``, ``celery beat`` or ``celery flower``, with what surrounds it."""

    role: Role
    options: tuple[Given, ...]
    rest: tuple[str, ...] = ()
    wrappers: tuple[str, ...] = ()
    """The words before ``celery`` that change what it does, such as ``ddtrace-run``."""
    others: tuple[str, ...] = ()
    """Other commands of the same script."""
    directory: str = ""
    """Where the script goes before, as far as it says it."""
    variables: tuple[tuple[str, str], ...] = ()
    """What the script sets for it."""
    by_entrypoint: bool = False
    """Whether the image's own entry point starts it."""

    def value(self, name: str) -> str | None:
        """The value of the last option of this name."""
        return next((one.value for one in reversed(self.options) if one.name == name), None)

    @property
    def app(self) -> str:
        """The application, as ``-A`` names it; empty if no option does."""
        return self.value("--app") or ""


def find_celery(
    command: Sequence[str], args: Sequence[str], literal: Literal
) -> tuple[CeleryCommand, ...] | NotCelery:
    """The Celery commands of a container: more than one where a script starts several."""
    entries = [*command, *args]
    if not entries:
        return NotCelery(
            "has no command: the entry point of its image starts a program that is not known here"
        )
    if has_open_quote(entries):
        return NotCelery("runs a shell script with a quote that is not closed")
    commands = commands_of(entries, literal)
    starts = [start_of(one) for one in commands]
    found = [(place, start) for place, start in enumerate(starts) if start and _is_celery(start)]
    if not found:
        return _refusal([start for start in starts if start], [expanded(one, literal) for one in entries])
    places = {place for place, _ in found}
    others = [_line(one) for place, one in enumerate(commands) if place not in places and not _is_cd(one)]
    return tuple(
        _command_of(start, tuple(filter(None, others)), _directory(commands[:place]), not command)
        for place, start in found
    )


def shortened(text: str, most: int = 100) -> str:
    """The text on one line and without secrets, for a comment or an error."""
    line = " ".join(mask_recognised(text).split())
    return line if len(line) <= most else f"{line[: most - 4]} ..."


def _is_celery(start: CeleryStart) -> bool:
    return start.starter is not Starter.PROGRAM and start.role in set(Role)


def _refusal(starts: Sequence[CeleryStart], entries: Sequence[str]) -> NotCelery:
    for start in starts:
        line = shortened(" ".join([program(start.word.text), *start.behind]))
        if start.starter is Starter.PROGRAM:
            return NotCelery(f"lets another program start Celery: `{line}`", foreign=True)
    for start in starts:
        line = shortened(" ".join(["celery", *start.behind]))
        return NotCelery(f"runs `{line}`, which is no worker, no beat and no Flower")
    return NotCelery(f"runs no Celery, but `{shortened(' '.join(entries))}`")


def _command_of(
    start: CeleryStart, others: tuple[str, ...], directory: str, by_entrypoint: bool
) -> CeleryCommand:
    parsed = parse(start.behind)
    return CeleryCommand(
        role=Role(start.role),
        options=parsed.options,
        rest=parsed.rest,
        wrappers=tuple(_wrappers(start)),
        others=others,
        directory=directory,
        variables=start.variables,
        by_entrypoint=by_entrypoint,
    )


def _is_cd(command: Command) -> bool:
    words = without_keywords(command)
    return len(words) == 2 and words[0].text == "cd"


def _directory(commands: Sequence[Command]) -> str:
    """Where the commands lead. Each folder is relative to the one before it."""
    folders = [without_keywords(one)[1].text for one in commands if _is_cd(one)]
    return str(PurePosixPath(*folders)) if folders else ""


def _line(command: Command) -> str:
    return shortened(" ".join(word.text for word in without_keywords(command)))


def _wrappers(start: CeleryStart) -> list[str]:
    """The words before ``celery``, without its Python and programs that only pass signals on."""
    before = start.before
    if start.starter is Starter.AGENT or before[-1:] == ("-m",):
        pythons = [index for index, word in enumerate(before) if program(word).startswith("python")]
        before = before[: pythons[-1]] if pythons else before
    return [word for word in before if program(word) not in _INITS]
