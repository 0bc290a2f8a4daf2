"""The dead-letter queue that another process reads and changes: a request as JSON, answers as JSON lines."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

import msgspec

from celery_health.dead_letters.letter import DeadLetterError, DeadLetterQueue, LetterDetails, Page, Result

MODULE = "celery_health.dead_letters"
"""``python3 -m`` with this name reads a request from stdin and writes the answers to stdout."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with the queue of this name."""

    queue: str
    action: Literal["read", "details", "replay", "drop"]
    limit: int = 0
    digests: tuple[str, ...] = ()
    to: str | None = None


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line. The last one has ``end``, or ``error`` with a sentence."""

    page: Page | None = None
    details: LetterDetails | None = None
    result: Result | None = None
    error: str | None = None
    supported: bool = True
    end: bool = False


_REQUEST = msgspec.json.Decoder(Request)
_ANSWER = msgspec.json.Decoder(Answer)

Send = Callable[[bytes], Iterable[bytes]]
"""Sends a request, and returns the lines of the answer. Raises DeadLetterError if that fails."""


def answers(request: bytes, open_queue: Callable[[str], DeadLetterQueue]) -> Iterator[bytes]:
    """Do what the request says. ``open_queue`` gets the name of the queue."""
    try:
        asked = _REQUEST.decode(request)
        queue = open_queue(asked.queue)
        try:
            for answer in _done(asked, queue):
                yield msgspec.json.encode(answer)
        finally:
            queue.close()
        yield msgspec.json.encode(Answer(end=True))
    except DeadLetterError as error:
        yield msgspec.json.encode(Answer(error=str(error), supported=error.supported))
    except msgspec.DecodeError as error:
        yield msgspec.json.encode(Answer(error=f"The request is invalid: {error}.", supported=False))


def _done(asked: Request, queue: DeadLetterQueue) -> Iterator[Answer]:
    match asked.action:
        case "read":
            yield Answer(page=queue.read(asked.limit))
        case "details":
            yield Answer(details=queue.details(asked.digests[0]))
        case "replay":
            yield from (Answer(result=result) for result in queue.replay(asked.digests, asked.to))
        case "drop":
            yield from (Answer(result=result) for result in queue.drop(asked.digests))


class RemoteDeadLetters:
    """A queue that another process reads. Each method is one request."""

    def __init__(self, queue: str, send: Send) -> None:
        self._queue = queue
        self._send = send

    def read(self, limit: int) -> Page:
        """The oldest messages. The queue is that of a resource: other queues are those of others."""
        for answer in self._answers(Request(queue=self._queue, action="read", limit=limit)):
            if answer.page is not None:
                return replace(answer.page, exists=True, others=())
        raise _incomplete()

    def details(self, digest: str) -> LetterDetails | None:
        """The details of one message."""
        request = Request(queue=self._queue, action="details", digests=(digest,))
        return next((answer.details for answer in self._answers(request)), None)

    def replay(self, digests: Sequence[str], to: str | None) -> Iterator[Result]:
        """Put messages back."""
        request = Request(queue=self._queue, action="replay", digests=tuple(digests), to=to)
        return (answer.result for answer in self._answers(request) if answer.result is not None)

    def drop(self, digests: Sequence[str]) -> Iterator[Result]:
        """Remove messages."""
        request = Request(queue=self._queue, action="drop", digests=tuple(digests))
        return (answer.result for answer in self._answers(request) if answer.result is not None)

    def close(self) -> None:
        """There is nothing to close between two requests."""

    def _answers(self, request: Request) -> Iterator[Answer]:
        for line in self._send(msgspec.json.encode(request)):
            try:
                answer = _ANSWER.decode(line)
            except msgspec.DecodeError:
                raise _incomplete() from None
            if answer.error is not None:
                raise DeadLetterError(answer.error, supported=answer.supported)
            if answer.end:
                return
            yield answer
        raise _incomplete()


def _incomplete() -> DeadLetterError:
    return DeadLetterError(
        "The answer is not complete. List the messages again before you repeat the command."
    )
