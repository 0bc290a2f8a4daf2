"""Pods that run and tell nothing."""

from dataclasses import replace

from celery_operator.observe.silence import SilentPods
from tests.unit.decide.pods import pod, reading


def test_silence_counts_from_when_it_was_first_seen_until_the_pod_tells() -> None:
    silent = SilentPods()
    mute, talking = replace(pod("a"), reading=None), pod("b")
    assert silent.update((mute, talking), 10.0) == {"uid-a": 0.0}
    assert silent.update((mute, talking), 25.0) == {"uid-a": 15.0}
    assert silent.update((replace(mute, reading=reading()), talking), 30.0) == {}
    assert silent.update((mute,), 40.0) == {"uid-a": 0.0}


def test_a_sidecar_without_an_agent_tells_nothing() -> None:
    agentless = replace(pod("a"), reading=replace(reading(), report=None))
    assert SilentPods().update((agentless,), 1.0) == {"uid-a": 0.0}


def test_a_pod_that_does_not_run_is_not_silent() -> None:
    assert SilentPods().update((replace(pod("a"), reading=None, phase="Pending"),), 1.0) == {}
