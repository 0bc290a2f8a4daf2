"""Splits the options of ``celery``, as click does. Old spellings of Celery 4 are understood too."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The subcommands that a CeleryDeployment runs."""

    WORKER = "worker"
    BEAT = "beat"
    FLOWER = "flower"


@dataclass(frozen=True, slots=True)
class Given:
    """One option on a command line."""

    name: str
    """Its long name, such as ``--queues``; as it was written where it is not known."""
    value: str = ""
    words: tuple[str, ...] = ()
    """How it was written."""
    known: bool = True


_CELERY = {
    "--app": ("-A",),
    "--broker": ("-b",),
    "--result-backend": (),
    "--loader": (),
    "--config": (),
    "--workdir": (),
}
_CELERY_FLAGS = {"--no-color": ("-C",), "--quiet": ("-q",), "--skip-checks": ()}
_DAEMON = {
    "--logfile": ("-f",),
    "--pidfile": (),
    "--uid": (),
    "--gid": (),
    "--umask": (),
    "--executable": (),
    "--loglevel": ("-l",),
}
_WORKER = {
    "--hostname": ("-n",),
    "--statedb": ("-S",),
    "--optimization": ("-O",),
    "--prefetch-multiplier": (),
    "--concurrency": ("-c",),
    "--pool": ("-P",),
    "--time-limit": (),
    "--soft-time-limit": (),
    "--max-tasks-per-child": ("--maxtasksperchild",),
    "--max-memory-per-child": ("--maxmemperchild",),
    "--queues": ("-Q",),
    "--exclude-queues": ("-X",),
    "--include": ("-I",),
    "--heartbeat-interval": (),
    "--autoscale": (),
    "--schedule": ("-s", "--schedule-filename"),
    "--scheduler": (),
}
_WORKER_FLAGS = {
    "--detach": ("-D",),
    "--task-events": ("-E", "--events"),
    "--purge": ("--discard",),
    "--without-gossip": (),
    "--without-mingle": (),
    "--without-heartbeat": (),
    "--disable-prefetch": (),
    "--beat": ("-B",),
}
_BEAT = {"--schedule": ("-s",), "--scheduler": ("-S",), "--max-interval": ()}
_BEAT_FLAGS = {"--detach": ()}
_FLOWER = {
    "--port": (),
    "--address": (),
    "--url-prefix": (),
    "--basic-auth": (),
}


class _Table:
    """The options that are known behind one subcommand."""

    def __init__(self, values: dict[str, tuple[str, ...]], flags: dict[str, tuple[str, ...]]) -> None:
        self._names = {
            spelling: name
            for table in (values, flags)
            for name, others in table.items()
            for spelling in (name, *others)
        }
        self._flags = frozenset(flags)

    def name(self, spelling: str) -> str:
        """The long name; empty for an option that is not known. Flower takes ``_`` for ``-``."""
        return self._names.get(spelling) or self._names.get(spelling.replace("_", "-"), "")

    def is_flag(self, name: str) -> bool:
        """Whether the option takes no value."""
        return name in self._flags


_TABLES = {
    None: _Table(_CELERY, _CELERY_FLAGS),
    Role.WORKER: _Table({**_CELERY, **_DAEMON, **_WORKER}, {**_CELERY_FLAGS, **_WORKER_FLAGS}),
    Role.BEAT: _Table({**_CELERY, **_DAEMON, **_BEAT}, {**_CELERY_FLAGS, **_BEAT_FLAGS}),
    Role.FLOWER: _Table({**_CELERY, **_FLOWER, "--loglevel": ("-l",)}, _CELERY_FLAGS),
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """The words behind ``celery``."""

    subcommand: str
    """Empty where there is none."""
    options: tuple[Given, ...]
    """Those of ``celery`` and those of the subcommand."""
    rest: tuple[str, ...]
    """Words that are no options, such as ``worker.prefetch_multiplier=1``."""


def parse(words: Sequence[str]) -> Parsed:
    """Split the words behind ``celery``."""
    options: list[Given] = []
    for index, item in _items(words, _TABLES[None]):
        if isinstance(item, Given):
            options.append(item)
            continue
        role = Role(item) if item in set(Role) else None
        found = [one for _, one in _items(words[index + 1 :], _TABLES[role])]
        options += [one for one in found if isinstance(one, Given)]
        return Parsed(item, tuple(options), tuple(one for one in found if isinstance(one, str)))
    return Parsed("", tuple(options), ())


def _items(words: Sequence[str], table: _Table) -> Iterator[tuple[int, Given | str]]:
    """Options, and other words, each with the index of its last word."""
    index = 0
    while index < len(words):
        word = words[index]
        if word == "--":
            yield from enumerate(words[index + 1 :], index + 1)
            return
        if not word.startswith("-") or word == "-":
            yield index, word
        elif word.startswith("--"):
            given, used = _long(words[index:], table)
            index += used - 1
            yield index, given
        else:
            found, used = _short(words[index:], table)
            index += used - 1
            for given in found:
                yield index, given
        index += 1


def _long(words: Sequence[str], table: _Table) -> tuple[Given, int]:
    spelling, equals, value = words[0].partition("=")
    name = table.name(spelling)
    if equals:
        return Given(name or spelling, value, (words[0],), bool(name)), 1
    if (name and table.is_flag(name)) or len(words) == 1 or (not name and words[1].startswith("-")):
        return Given(name or spelling, "", (words[0],), bool(name)), 1
    return Given(name or spelling, words[1], tuple(words[:2]), bool(name)), 2


def _short(words: Sequence[str], table: _Table) -> tuple[list[Given], int]:
    """``-Ec8`` is ``--task-events --concurrency 8``."""
    found: list[Given] = []
    letters = words[0][1:]
    for position, letter in enumerate(letters):
        name = table.name(f"-{letter}")
        rest = letters[position + 1 :]
        if name and table.is_flag(name):
            found.append(Given(name, "", (f"-{letter}",)))
        elif rest:
            value = rest.removeprefix("=")
            return [*found, Given(name or f"-{letter}", value, (f"-{letter}{rest}",), bool(name))], 1
        elif len(words) > 1 and (name or not words[1].startswith("-")):
            given = Given(name or f"-{letter}", words[1], (f"-{letter}", words[1]), bool(name))
            return [*found, given], 2
        else:
            found.append(Given(name or f"-{letter}", "", (f"-{letter}",), bool(name)))
    return found, 1
