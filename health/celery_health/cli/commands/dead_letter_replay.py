"""A dead-letter queue that asks the workers before it puts messages back."""

from collections.abc import Callable, Iterator, Sequence

import click

from celery_health.cli.commands.dead_letter_actions import moved_again
from celery_health.dead_letters.letter import DeadLetterQueue, LetterDetails, Page, Result
from celery_health.redaction import printable
from celery_health.survey.task.replay import WorkersOnReplay, until
from celery_health.verdicts.text import listed


class AskedDeadLetters:
    """The queue ``name``. A replay refuses the tasks that a worker has revoked, and moves the others."""

    def __init__(self, queue: DeadLetterQueue, name: str, ask: Callable[[], WorkersOnReplay]) -> None:
        self._queue = queue
        self._name = name
        self._ask = ask
        self._ids: dict[str, str | None] = {}

    def read(self, limit: int) -> Page:
        """The oldest messages."""
        page = self._queue.read(limit)
        self._ids |= {letter.digest: letter.id for letter in page.letters}
        return page

    def details(self, digest: str) -> LetterDetails | None:
        """The details of one message."""
        return self._queue.details(digest)

    def replay(self, digests: Sequence[str], to: str | None) -> Iterator[Result]:
        """Put back the messages that no worker would discard."""
        if not digests:
            return
        workers = self._ask()
        if workers.problem:
            click.echo(printable(workers.problem), err=True)
        for digest in digests:
            if found := workers.revoked.get(self._ids.get(digest) or ""):
                yield Result(digest, done=False, problem=_refused(found))
        kept = [one for one in digests if (self._ids.get(one) or "") not in workers.revoked]
        for one in dict.fromkeys(self._ids.get(digest) or "" for digest in kept):
            if task := workers.quarantined.get(one):
                click.echo(printable(moved_again(task.name, one, until(task), self._name)), err=True)
        if kept:
            yield from self._queue.replay(kept, to)

    def drop(self, digests: Sequence[str]) -> Iterator[Result]:
        """Remove messages."""
        return self._queue.drop(digests)

    def close(self) -> None:
        """Close the connection."""
        self._queue.close()


def _refused(workers: Sequence[str]) -> str:
    has = "has" if len(workers) == 1 else "have"
    return (
        f"Not put back: {listed(workers)} {has} revoked the task and would discard the message. Stop all "
        "workers of the application and start them again, because a worker that starts takes over the "
        "revoked ids of the others. Then repeat the command."
    )
