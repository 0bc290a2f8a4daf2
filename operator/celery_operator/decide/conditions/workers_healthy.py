"""WorkersHealthy: every wanted worker consumes, and none is ill."""

from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.states import StateReason
from celery_health.catalogue.workers import WorkerReason
from celery_operator.decide.condition_state import Verdict, no, unknown, yes
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.groups import GroupView
from celery_operator.decide.problem import DOUBTS, WORST_FIRST, Problem, Problems
from celery_operator.decide.text import counted, joined


def judge(evidence: Evidence, problems: Problems) -> Verdict:
    """The worst problem gives the reason; every group that has one is named."""
    ill = [(group, found) for group in evidence.groups if (found := problems[group.name])]
    if certain := [(group, found) for group, found in ill if _is_certain(found)]:
        worst = min((found[0] for _, found in certain), key=_rank)
        if evidence.broker.reachable is False and worst.waits_for_broker:
            return no(FleetReason.BROKER_UNREACHABLE, f"{_fleet(evidence)}: workers wait for the broker")
        return no(worst.reason, joined(_words(group, found) for group, found in certain))
    return _without_illness(evidence, [problem for _, found in ill for problem in found])


def _without_illness(evidence: Evidence, doubts: list[Problem]) -> Verdict:
    short = [group for group in evidence.groups if group.missing]
    if not short:
        return _enough(evidence)
    unseen = [group for group in short if group.untold < group.missing]
    if not unseen:
        reason = min(doubts, key=_rank).reason if doubts else WorkerReason.AGENT_ABSENT
        return unknown(reason, f"{_fleet(evidence)}; nothing tells whether the others do")
    if evidence.new_generation and not any(group.seen for group in unseen) and not evidence.fault:
        return unknown(StateReason.NEW_GENERATION, "The workers are being created")
    return no(WorkerReason.STARTING, joined(_shortage(group) for group in unseen))


def _enough(evidence: Evidence) -> Verdict:
    if not evidence.wanted:
        reason = StateReason.SUSPENDED if evidence.snapshot.spec.suspend else StateReason.SCALED_TO_ZERO
        return yes(reason, "No workers are wanted")
    idle = [group for group in evidence.groups if group.out_of_service]
    if idle:
        return no(
            StateReason.ALL_DRAINING, joined(f"All workers of group {group.name} drain" for group in idle)
        )
    if any(group.coming for group in evidence.groups):
        return yes(WorkerReason.STARTING, f"{_fleet(evidence)}; the load has just called for the others")
    return yes(StateReason.ALL_CONSUMING, _fleet(evidence))


def _is_certain(problems: tuple[Problem, ...]) -> bool:
    return any(problem.reason not in DOUBTS for problem in problems)


def _rank(problem: Problem) -> int:
    return WORST_FIRST.index(problem.reason)


def _words(group: GroupView, problems: tuple[Problem, ...]) -> str:
    return joined([_shortage(group), *(problem.message for problem in problems[:2])])


def _shortage(group: GroupView) -> str:
    return f"{group.consuming} of {counted(group.wanted, 'worker')} of group {group.name} consume"


def _fleet(evidence: Evidence) -> str:
    if evidence.consuming > evidence.wanted:
        return f"{counted(evidence.consuming, 'worker')} consume, {evidence.wanted} are wanted"
    return f"{evidence.consuming} of {counted(evidence.wanted, 'wanted worker')} consume"
