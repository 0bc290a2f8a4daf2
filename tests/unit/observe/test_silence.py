"""For how long pods have been without a report."""

from dataclasses import replace

from celery_operator.observe.silence import SilentPods
from celery_operator.snapshot import PodState
from tests.unit.decide.pods import pod, reading


def aged(age: float, *, startup_passed: bool = True) -> PodState:
    """A pod whose sidecar answers with a report of this age."""
    return replace(pod("a"), reading=replace(reading(), age=age), startup_passed=startup_passed)


def test_silence_counts_from_when_it_was_first_seen_until_the_pod_reports() -> None:
    silent = SilentPods()
    mute, reporting = replace(pod("a"), reading=None), pod("b")
    assert silent.update((mute, reporting), 10.0) == {"uid-a": 0.0}
    assert silent.update((mute, reporting), 25.0) == {"uid-a": 15.0}
    assert silent.update((replace(mute, reading=reading()), reporting), 30.0) == {}
    assert silent.update((mute,), 40.0) == {"uid-a": 0.0}


def test_a_sidecar_without_an_agent_is_silent() -> None:
    agentless = replace(pod("a"), reading=replace(reading(), report=None))
    assert SilentPods().update((agentless,), 1.0) == {"uid-a": 0.0}


def test_a_pod_that_does_not_run_is_not_silent() -> None:
    assert SilentPods().update((replace(pod("a"), reading=None, phase="Pending"),), 1.0) == {}


def test_a_sidecar_that_answers_with_an_old_report_is_silent_for_the_age_of_the_report() -> None:
    silent = SilentPods()
    assert silent.update((aged(0.4),), 10.0) == {"uid-a": 0.4}
    assert silent.update((aged(400.0),), 410.0) == {"uid-a": 400.0}


def test_an_old_report_of_a_pod_that_is_only_starting_is_no_silence() -> None:
    silent = SilentPods()
    assert silent.update((aged(400.0, startup_passed=False),), 10.0) == {}
    restarted = replace(aged(0.0), reading=None, startup_passed=False)
    assert silent.update((restarted,), 11.0) == {"uid-a": 0.0}
