"""What is known of the messages in a dead-letter queue, and what can be done with them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from celery_health.verdicts.text import listed

MAX_MESSAGES = 10_000
"""The messages of one queue that a command reads."""


class DeadLetterError(Exception):
    """The queue cannot be used. The text is a sentence without secrets.

    ``supported`` is False if this kind of broker can never be used.
    """

    def __init__(self, text: str, *, supported: bool = True) -> None:
        super().__init__(text)
        self.supported = supported


@dataclass(frozen=True, slots=True)
class Letter:
    """One message. What the message does not say is None. All texts are printable, without secrets, bounded.

    ``ref`` names the message on the command line: the task's id, or ``no-id``, with ``#2`` for the second
    message of that id and so on, the oldest first. ``digest`` identifies the message by its content: copies
    of a message have the same. ``queue``: where it came from, as far as the message shows it. ``age``:
    seconds since it was sent. ``problem``: why it is no Celery message.
    """

    ref: str
    digest: str
    id: str | None
    name: str | None
    queue: str | None
    retries: int | None
    age: float | None
    size: int
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class LetterDetails:
    """What else a message contains. ``headers`` and ``properties``: name and value, as text."""

    headers: tuple[tuple[str, str], ...]
    properties: tuple[tuple[str, str], ...]
    args: str
    kwargs: str


@dataclass(frozen=True, slots=True)
class Page:
    """The oldest messages of a queue, and how many messages it has in all.

    ``exists`` is False if the broker has no such queue; Redis has no empty queues. ``others``: of an empty
    queue, the names of other dead-letter queues that have messages, as far as the broker shows them.
    """

    letters: tuple[Letter, ...]
    total: int
    exists: bool = True
    others: tuple[str, ...] = ()


def no_messages(queue: str, page: Page) -> str:
    """What to say of an empty queue, so that a wrong name is noticed."""
    if not page.exists:
        return (
            f"There is no dead-letter queue {queue}: no message was moved to it, or its name is another one. "
            "Use --queue NAME or -A APP to name another."
        )
    if page.others:
        return (
            f"The dead-letter queue {queue} is empty. There are messages in {listed(page.others)}: use "
            "--queue NAME or -A APP."
        )
    return f"The dead-letter queue {queue} is empty."


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one message. ``queue``: where it was put. ``problem``: why it is where it was.

    ``copy``: a copy of it was put back before, so that this one was only removed. ``undeclared``: no worker
    has declared the queue, as far as the broker shows that.
    """

    digest: str
    done: bool
    queue: str | None = None
    problem: str | None = None
    copy: bool = False
    undeclared: bool = False


GONE = "The message is no longer in the dead-letter queue, or another program is reading it."


def in_use(queue: str) -> DeadLetterError:
    """What a second command says."""
    return DeadLetterError(
        f"Another program is using the dead-letter queue {queue}, and this command has done nothing. "
        "Repeat it when the other one has ended."
    )


class DeadLetterQueue(Protocol):
    """One dead-letter queue. Every method raises DeadLetterError if the broker cannot be used."""

    def read(self, limit: int) -> Page:
        """The oldest ``limit`` messages. Nothing changes."""

    def details(self, digest: str) -> LetterDetails | None:
        """The details of one message, None if it is not there. Nothing changes."""

    def replay(self, digests: Sequence[str], to: str | None) -> Iterator[Result]:
        """Put messages back into their own queues, or into the queue ``to``; one result for each.

        Of several copies one is put back.
        """

    def drop(self, digests: Sequence[str]) -> Iterator[Result]:
        """Remove messages; one result for each."""

    def close(self) -> None:
        """Close the connection."""


def numbered(letters: Iterable[Letter]) -> tuple[Letter, ...]:
    """The letters, oldest first, with a ``ref`` for each, which no other one has."""
    given = list(letters)
    # A task may have the id ``29a3#2``.
    taken = {letter.id for letter in given if letter.id}
    seen: dict[str, int] = {}
    found = []
    for letter in given:
        name = letter.id or "no-id"
        seen[name] = count = seen.get(name, 0) + 1
        while count > 1 and f"{name}#{count}" in taken:
            seen[name] = count = count + 1
        found.append(replace(letter, ref=name if count == 1 else f"{name}#{count}"))
    return tuple(found)
