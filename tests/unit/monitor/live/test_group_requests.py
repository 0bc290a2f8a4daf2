"""Requests to the operator: handed out until their outcome is known, for a minute, and never twice."""

import pytest

from celery_health.wire.group_requests import REQUEST_SECONDS, REQUESTS_LENGTH, GroupAction, Outcome
from celery_monitor.live.group_requests import KEPT, GroupRequests, RequestState, TooManyRequestsError

NOW = 1_700_000_000.0


def restart(requests: GroupRequests, group: str = "mail", now: float = NOW) -> str:
    return requests.ask(GroupAction.RESTART, group, None, "ann", now).id


def test_a_request_is_handed_out_until_its_outcome_comes() -> None:
    requests = GroupRequests()
    identity = restart(requests)
    for _ in range(2):
        assert [one.id for one in requests.waiting(NOW + 1)] == [identity]
    requests.note([Outcome(id=identity, done=True, message="A rollout.")], NOW + 2)
    assert requests.waiting(NOW + 3) == ()
    (view,) = requests.views(NOW + 3)
    assert (view.state, view.message, view.ended_at) == (RequestState.DONE, "A rollout.", NOW + 2)


def test_the_reason_of_a_refusal_is_kept() -> None:
    requests = GroupRequests()
    requests.note([Outcome(id=restart(requests), done=False, message="No such group.")], NOW)
    (view,) = requests.views(NOW)
    assert (view.state, view.message) == (RequestState.REFUSED, "No such group.")


def test_a_double_click_is_one_request() -> None:
    requests = GroupRequests()
    assert restart(requests) == restart(requests)
    assert restart(requests) != restart(requests, "default")
    first = requests.ask(GroupAction.SCALE, "mail", 2, "ann", NOW)
    assert requests.ask(GroupAction.SCALE, "mail", 3, "ann", NOW).id != first.id


def test_the_same_request_after_a_contrary_one_is_made_again() -> None:
    requests = GroupRequests()
    for replicas in (5, 3, 5, 5):
        requests.ask(GroupAction.SCALE, "mail", replicas, "ann", NOW)
        restart(requests, "default")
    waiting = [(one.group, one.replicas) for one in requests.waiting(NOW)]
    assert waiting == [("mail", 5), ("default", None), ("mail", 3), ("mail", 5)]


def test_a_request_without_an_outcome_expires_and_says_what_to_check() -> None:
    requests = GroupRequests()
    identity = restart(requests)
    assert requests.waiting(NOW + REQUEST_SECONDS - 0.1) != ()
    assert requests.waiting(NOW + REQUEST_SECONDS) == ()
    (view,) = requests.views(NOW + REQUEST_SECONDS)
    assert view.state is RequestState.EXPIRED
    assert "Check that the operator runs" in view.message
    assert restart(requests, now=NOW + REQUEST_SECONDS) != identity


def test_an_outcome_that_comes_after_the_end_is_still_believed() -> None:
    requests = GroupRequests()
    identity = restart(requests)
    requests.waiting(NOW + REQUEST_SECONDS)
    requests.note([Outcome(id=identity, done=True, message="Done.")], NOW + 61)
    assert requests.views(NOW + 61)[0].state is RequestState.DONE


def test_an_outcome_of_an_unknown_request_and_a_second_outcome_change_nothing() -> None:
    requests = GroupRequests()
    identity = restart(requests)
    requests.note([Outcome(id=identity, done=True, message="Done.")], NOW)
    before = requests.views(NOW)
    requests.note(
        [Outcome(id=identity, done=False, message="No."), Outcome(id="x", done=True, message="")], NOW
    )
    assert requests.views(NOW) is before


def test_the_numbers_of_requests_that_wait_and_that_are_kept_are_bounded() -> None:
    requests = GroupRequests()
    for number in range(REQUESTS_LENGTH):
        restart(requests, f"g{number}")
    with pytest.raises(TooManyRequestsError):
        restart(requests, "one-more")
    for number in range(3 * KEPT):
        at = NOW + REQUEST_SECONDS * (number + 1)
        restart(requests, now=at)
    assert len(requests.views(NOW + REQUEST_SECONDS * 200)) <= KEPT + REQUESTS_LENGTH


def test_a_request_that_waits_is_kept_however_many_others_have_ended() -> None:
    requests = GroupRequests()
    identity = restart(requests)
    for _ in range(KEPT + REQUESTS_LENGTH):
        requests.note([Outcome(id=restart(requests, "default"), done=False, message="No.")], NOW)
    assert [one.id for one in requests.waiting(NOW)] == [identity]
