"""``dead-letter list | show | replay | drop``, whichever way the queue is read."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click

from celery_health.dead_letters.interrupts import never_lost
from celery_health.dead_letters.letter import (
    MAX_MESSAGES,
    DeadLetterError,
    DeadLetterQueue,
    Letter,
    Page,
    Result,
    no_messages,
)
from celery_health.exit_codes import ExitCode
from celery_health.redaction import printable
from celery_health.verdicts.text import counted, listed
from celery_health.wire.bounds import task_id

_LISTED = 100
_CONFIRMED = 20
"""The messages that are named before the question whether to drop them."""


class NotDoneError(click.ClickException):
    """The broker cannot be used."""

    exit_code = ExitCode.UNHEALTHY


class NothingDoneError(click.ClickException):
    """The arguments are wrong. The message says what to write instead."""

    exit_code = ExitCode.USAGE


@contextmanager
def explained_errors() -> Iterator[None]:
    """Errors of the queue as errors of the command."""
    try:
        yield
    except DeadLetterError as error:
        kind = NotDoneError if error.supported else NothingDoneError
        raise kind(printable(str(error))) from error


def moved_again(name: str, id_: str, until: str, queue: str) -> str:
    """The warning that a replay of this task comes too early."""
    return (
        f"{name} ({id_}) is in quarantine until {until}: until then, a worker moves its message to {queue} "
        "again."
    )


def list_letters(queue: DeadLetterQueue, name: str, form: str) -> None:
    """Print the oldest messages."""
    from celery_health.cli.output.dead_letters import print_list  # noqa: PLC0415

    print_list(name, queue.read(_LISTED), form)


def show_letter(queue: DeadLetterQueue, name: str, ref: str, form: str) -> None:
    """Print one message.

    Raises:
        NothingDoneError: there is no such message.
    """
    from celery_health.cli.output.dead_letters import print_details  # noqa: PLC0415

    (letter,) = _chosen(queue, name, (ref,))
    details = queue.details(letter.digest)
    if details is None:
        raise NothingDoneError(f"The message {letter.ref} is no longer in the dead-letter queue {name}.")
    print_details(letter, details, form)


def replay_letters(queue: DeadLetterQueue, name: str, refs: Sequence[str], to: str | None) -> ExitCode:
    """Put the messages back, all of them without ``refs``, and print a line for each.

    Raises:
        NothingDoneError: there is no such message.
    """
    letters = _with_copies(queue, name, refs)
    return _printed(
        letters,
        queue.replay([letter.digest for letter in letters], to),
        lambda result: "copy removed" if result.copy else f"{_put(to)} into {result.queue}{_warning(result)}",
        _put(to),
    )


def drop_letters(queue: DeadLetterQueue, name: str, refs: Sequence[str], *, yes: bool) -> ExitCode:
    """Remove the messages, all of them without ``refs``, after a confirmation, and print a line for each.

    Raises:
        NothingDoneError: there is no such message, or no terminal to confirm in.
    """
    letters = _chosen(queue, name, refs)
    if letters and not yes and not _confirmed(letters, name):
        click.echo("Nothing was dropped.")
        return ExitCode.DEGRADED
    return _printed(
        letters,
        queue.drop([letter.digest for letter in letters]),
        lambda _: "dropped",
        "dropped",
    )


def _confirmed(letters: Sequence[Letter], name: str) -> bool:
    for letter in letters[:_CONFIRMED]:
        click.echo(_named(letter))
    if len(letters) > _CONFIRMED:
        click.echo(f"and {len(letters) - _CONFIRMED} more")
    count = counted(len(letters), "message")
    try:
        with never_lost():
            return click.confirm(f"Drop {count} from {name}? No copy is kept", default=False)
    except click.Abort as aborted:
        click.echo()
        # Click says the same for Ctrl-C and for the end of the input.
        if isinstance(aborted.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise NothingDoneError("Nothing was dropped: confirm with y, or use --yes.") from None


def _warning(result: Result) -> str:
    return ", a queue that no worker has declared" if result.undeclared else ""


def _put(to: str | None) -> str:
    return "put" if to else "put back"


def _printed(
    letters: Sequence[Letter], results: Iterator[Result], done: Callable[[Result], str], word: str
) -> ExitCode:
    """A line for each message, and for several of them a sum: ``word`` says what was done."""
    by_digest = {letter.digest: letter for letter in reversed(letters)}
    counts = {True: 0, False: 0}
    copies = 0
    try:
        for result in results:
            counts[result.done] += 1
            copies += result.copy
            letter = by_digest[result.digest]
            said = f"{done(result)}." if result.done else result.problem
            click.echo(printable(f"{_named(letter)}: {said}"), err=not result.done)
    finally:
        # Also after Ctrl-C and after an error of the broker.
        if len(letters) > 1:
            removed = f", {counted(copies, 'copy', 'copies')} removed" if copies else ""
            click.echo(f"{counts[True] - copies} of {len(letters)} messages {word}{removed}.")
    return ExitCode.UNHEALTHY if counts[False] else ExitCode.HEALTHY


def _chosen(queue: DeadLetterQueue, name: str, refs: Sequence[str]) -> tuple[Letter, ...]:
    """The messages that ``refs`` name, all without ``refs``. A beginning that fits one message is enough."""
    return _named_in(queue.read(MAX_MESSAGES), name, refs)


def _with_copies(queue: DeadLetterQueue, name: str, refs: Sequence[str]) -> tuple[Letter, ...]:
    """The messages that ``refs`` name, and all copies of them."""
    page = queue.read(MAX_MESSAGES)
    digests = {letter.digest for letter in _named_in(page, name, refs)}
    return tuple(letter for letter in page.letters if letter.digest in digests)


def _named_in(page: Page, name: str, refs: Sequence[str]) -> tuple[Letter, ...]:
    if not refs:
        _warn_of_more(page.total, name)
        if not page.letters:
            click.echo(printable(no_messages(name, page)))
        return page.letters
    return tuple(dict.fromkeys(_named_by(ref, page, name) for ref in refs))


def _named_by(ref: str, page: Page, name: str) -> Letter:
    letters, known = page.letters, {ref, printable(task_id(ref))}
    exact = [letter for letter in letters if letter.ref in known]
    found = exact or [letter for letter in letters if letter.ref.startswith(ref)]
    if len(found) == 1:
        return found[0]
    if found:
        names = listed([letter.ref for letter in found])
        raise NothingDoneError(f"{ref!r} is the beginning of {len(found)} ids: {names}. Write more of it.")
    if not letters:
        raise NothingDoneError(f"There is no message {ref!r}. {printable(no_messages(name, page))}")
    if page.total > len(letters):
        raise NothingDoneError(
            f"There is no message {ref!r} among the oldest {len(letters)} of {page.total} messages of the "
            f"dead-letter queue {name}. Only these are read: replay or drop some of them first."
        )
    names = listed([letter.ref for letter in letters])
    ids = f"Its only id is {names}" if len(letters) == 1 else f"Its ids are {names}"
    raise NothingDoneError(f"There is no message {ref!r} in the dead-letter queue {name}. {ids}.")


def _warn_of_more(total: int, name: str) -> None:
    if total > MAX_MESSAGES:
        click.echo(
            f"{printable(name)} has {total} messages. This command takes the oldest {MAX_MESSAGES}: "
            "repeat it for the others.",
            err=True,
        )


def _named(letter: Letter) -> str:
    return f"{letter.ref} ({letter.name or letter.problem or 'no task'})"
