"""Finds Celery among the words of a container's command."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from celery_health.masking import mask_recognised
from celery_kubectl.convert.command.options import Given, Role, parse
from celery_kubectl.convert.command.shell import Literal, program, script_of, simple_commands

# They only pass signals on and end zombies.
_INITS = frozenset({"tini", "tini-static", "dumb-init", "docker-init", "catatonit", "exec", "--", "-g", "-s"})
_FOREIGN = frozenset(
    {"airflow", "sentry", "manage.py", "django-admin", "flask", "superset", "snuba", "invenio"}
)
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL | re.ASCII)
_REFERENCE = re.compile(r"\$\$|\$\(([^()]+)\)")


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
    """Where the script goes before."""
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
    words = [expanded(word, literal) for word in (*command, *args)]
    if not words:
        return NotCelery(
            "has no command: the entry point of its image starts a program that is not known here"
        )
    try:
        commands = _commands(words, literal)
    except ValueError:
        return NotCelery("runs a shell script with a quote that is not closed")
    found = [(one, parsed) for one in commands if (parsed := _celery(one)) is not None]
    if wrong := next((one for _, one in found if isinstance(one, NotCelery)), None):
        return wrong
    if not found:
        return NotCelery(f"runs no Celery, but `{shortened(' '.join(words))}`")
    others = tuple(shortened(" ".join(one)) for one in commands if _celery(one) is None and one[0] != "cd")
    directory = next((one[1] for one in commands if one[0] == "cd" and len(one) == 2), "")
    return tuple(
        CeleryCommand(
            role=one.role,
            options=one.options,
            rest=one.rest,
            wrappers=one.wrappers,
            others=others,
            directory=directory,
            variables=one.variables,
            by_entrypoint=not command,
        )
        for _, one in found
        if isinstance(one, CeleryCommand)
    )


def expanded(word: str, literal: Literal) -> str:
    """A word with ``$(NAME)`` replaced as the kubelet does, where the value is known."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        known = literal(found[1])
        return found[0] if known is None else known

    return _REFERENCE.sub(value, word)


def shortened(text: str, most: int = 100) -> str:
    """The text on one line and without secrets, for a comment or an error."""
    line = " ".join(mask_recognised(text).split())
    return line if len(line) <= most else f"{line[: most - 4]} ..."


def _commands(words: Sequence[str], literal: Literal) -> list[list[str]]:
    script = script_of(words)
    if script is None:
        return [list(words)]
    return [one for one in simple_commands(*script, literal) if one]


def _celery(words: Sequence[str]) -> CeleryCommand | NotCelery | None:
    """The Celery command in a simple command; None where there is none."""
    variables: list[tuple[str, str]] = []
    while words and (assignment := _ASSIGNMENT.fullmatch(words[0])):
        variables.append((assignment[1], assignment[2]))
        words = words[1:]
    place = next((index for index, word in enumerate(words) if program(word) == "celery"), None)
    if place is None:
        return None
    before, line = words[:place], "celery " + " ".join(words[place + 1 :])
    foreign = next((index for index, word in enumerate(before) if program(word) in _FOREIGN), None)
    if foreign is not None:
        line = " ".join([program(words[foreign]), *words[foreign + 1 :]])
        return NotCelery(f"lets another program start Celery: `{shortened(line)}`", foreign=True)
    parsed = parse(words[place + 1 :])
    if parsed.subcommand not in set(Role):
        return NotCelery(f"runs `{shortened(line)}`, which is no worker, no beat and no Flower")
    return CeleryCommand(
        Role(parsed.subcommand),
        parsed.options,
        parsed.rest,
        wrappers=tuple(_wrappers(before)),
        variables=tuple(variables),
    )


def _wrappers(before: Sequence[str]) -> list[str]:
    """The words before ``celery``, without ``python -m`` and programs that only pass signals on."""
    if before and before[-1] == "-m":
        pythons = [index for index, word in enumerate(before) if program(word).startswith("python")]
        before = before[: pythons[-1]] if pythons else before
    return [word for word in chain(before) if program(word) not in _INITS]
