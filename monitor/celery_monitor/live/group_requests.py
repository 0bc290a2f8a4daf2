"""What users have asked of the operator, until it says what became of it. Pure: the time is passed in."""

import secrets
from collections.abc import Iterable
from enum import StrEnum

import msgspec
from msgspec import structs

from celery_health.wire.group_requests import (
    REQUEST_SECONDS,
    REQUESTS_LENGTH,
    GroupAction,
    GroupRequest,
    Outcome,
)

KEPT = 50
"""Requests with an outcome that are shown: the newest."""

_EXPIRED = (
    f"The operator has not answered within {REQUEST_SECONDS:g} s, so the request was withdrawn. Check that "
    "the operator runs and is of the same release, and ask again."
)


class RequestState(StrEnum):
    """What has become of a request."""

    WAITING = "waiting"
    """The operator has not said yet."""
    DONE = "done"
    """The operator has done it."""
    REFUSED = "refused"
    """The operator has not done it, and says why."""
    EXPIRED = "expired"
    """The operator did not answer in time."""


class RequestView(msgspec.Struct, frozen=True, kw_only=True):
    """One request. ``message``: the operator's words, or why the request has expired."""

    id: str
    action: GroupAction
    group: str
    replicas: int | None
    requested_by: str
    requested_at: float
    state: RequestState = RequestState.WAITING
    message: str = ""
    ended_at: float | None = None


class TooManyRequestsError(Exception):
    """As many requests wait as may."""


class GroupRequests:
    """The requests in memory. They end with the monitor: none of them waits for longer than a minute."""

    def __init__(self) -> None:
        self._requests: dict[str, RequestView] = {}
        self._views: tuple[RequestView, ...] | None = ()

    def ask(
        self, action: GroupAction, group: str, replicas: int | None, requested_by: str, now: float
    ) -> RequestView:
        """Keep a request for the operator, unless the last one of its group that waits is the same.

        Raises:
            TooManyRequestsError: too many wait.
        """
        self._expire(now)
        waiting = [one for one in self._requests.values() if one.state is RequestState.WAITING]
        last = next((one for one in reversed(waiting) if one.group == group), None)
        if last is not None and (last.action, last.replicas) == (action, replicas):
            return last
        if len(waiting) >= REQUESTS_LENGTH:
            raise TooManyRequestsError
        request = RequestView(
            id=secrets.token_hex(8),
            action=action,
            group=group,
            replicas=replicas,
            requested_by=requested_by,
            requested_at=now,
        )
        self._put(request)
        return request

    def waiting(self, now: float) -> tuple[GroupRequest, ...]:
        """What the operator is asked, the oldest first."""
        self._expire(now)
        return tuple(
            GroupRequest(id=one.id, action=one.action, group=one.group, replicas=one.replicas)
            for one in self._requests.values()
            if one.state is RequestState.WAITING
        )

    def note(self, outcomes: Iterable[Outcome], now: float) -> None:
        """Take in what the operator says. It knows better than a request that has expired meanwhile."""
        for outcome in outcomes:
            known = self._requests.get(outcome.id)
            if known is not None and known.state in (RequestState.WAITING, RequestState.EXPIRED):
                state = RequestState.DONE if outcome.done else RequestState.REFUSED
                self._put(structs.replace(known, state=state, message=outcome.message, ended_at=now))

    def views(self, now: float) -> tuple[RequestView, ...]:
        """All requests, the newest first: the same object until one changes."""
        self._expire(now)
        if self._views is None:
            self._views = tuple(reversed(self._requests.values()))
        return self._views

    def _expire(self, now: float) -> None:
        for one in [*self._requests.values()]:
            if one.state is RequestState.WAITING and now - one.requested_at >= REQUEST_SECONDS:
                expired = RequestState.EXPIRED
                self._put(structs.replace(one, state=expired, message=_EXPIRED, ended_at=now))

    def _put(self, request: RequestView) -> None:
        self._requests[request.id] = request
        while len(self._requests) > KEPT + REQUESTS_LENGTH:
            # No more than REQUESTS_LENGTH wait, so the others have an outcome.
            ended = (one.id for one in self._requests.values() if one.state is not RequestState.WAITING)
            del self._requests[next(ended)]
        self._views = None
