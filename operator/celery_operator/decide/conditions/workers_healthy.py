"""WorkersHealthy: every desired worker consumes, and nothing is wrong with any of them."""

from collections.abc import Iterator, Sequence

from celery_health.catalogue.entry import Severity
from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.states import StateReason
from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.text import counted, is_or_are, part_is
from celery_health.verdicts.verdict import Verdict
from celery_operator.decide.condition_state import (
    ConditionState,
    by_verdict,
    no,
    unknown,
    yes,
)
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.groups import GroupEvidence
from celery_operator.decide.evidence.worker_state import WorkerState
from celery_operator.decide.shared_verdicts import GroupVerdicts
from celery_operator.decide.text import joined

_MESSAGES_PER_GROUP = 2


def state_of(evidence: Evidence, verdicts: GroupVerdicts) -> ConditionState:
    """The worst verdict gives the reason; every group that has one is named.

    A task that kills its workers explains what is seen of these, so it comes before that.
    """
    deaths = _weighty(evidence.death_verdicts)
    affected = [(group, found) for group in evidence.groups if (found := verdicts[group.name])]
    if certain := [(group, found) for group, found in affected if _is_certain(found)]:
        worst = min((found[0] for _, found in certain), key=_rank)
        if evidence.broker.reachable is False and worst.entry.broker_outage_explains:
            return no(FleetReason.BROKER_UNREACHABLE, f"{_fleet(evidence)}. Workers wait for the broker.")
        messages = [_message(group, found) for group, found in certain]
        first = [one for one in deaths if _rank(one) < _rank(worst)]
        rest = [one for one in deaths if one not in first]
        return no((first or [worst])[0].reason, joined([*_messages(first), *messages, *_messages(rest)]))
    if deaths:
        return no(deaths[0].reason, joined([_fleet(evidence), *_messages(deaths)]))
    return _nothing_certain(evidence, [verdict for _, found in affected for verdict in found])


def _nothing_certain(evidence: Evidence, unknown_verdicts: list[Verdict]) -> ConditionState:
    short = [group for group in evidence.groups if group.missing]
    if not short:
        return _enough(evidence)
    unseen = [group for group in short if group.consumption_unknown < group.missing]
    if not unseen:
        reason = min(unknown_verdicts, key=_rank).reason if unknown_verdicts else _why_unreported(short)
        return unknown(reason, f"{_fleet(evidence)}. It is not known whether the others are.")
    if evidence.new_generation and not any(group.seen for group in unseen) and not evidence.fault:
        return unknown(StateReason.NEW_GENERATION, "The workers are being created.")
    return no(WorkerReason.STARTING, joined(_shortage(group) for group in unseen))


def _why_unreported(groups: Sequence[GroupEvidence]) -> WorkerReason:
    unreadable = any(group.in_state(WorkerState.REPORT_UNREADABLE) for group in groups)
    return WorkerReason.REPORT_UNREADABLE if unreadable else WorkerReason.AGENT_ABSENT


def _enough(evidence: Evidence) -> ConditionState:
    if not evidence.desired_total:
        suspended = evidence.snapshot.spec.suspend
        return by_verdict(Verdict(StateReason.SUSPENDED if suspended else StateReason.SCALED_TO_ZERO))
    idle = tuple(group.name for group in evidence.groups if group.out_of_service)
    if idle:
        return no(StateReason.ALL_DRAINING, Verdict(StateReason.ALL_DRAINING, idle).message)
    if any(group.coming for group in evidence.groups):
        return yes(WorkerReason.STARTING, f"{_fleet(evidence)}. The others start because the load has grown.")
    return yes(StateReason.ALL_CONSUMING, _fleet(evidence))


def _is_certain(verdicts: tuple[Verdict, ...]) -> bool:
    return any(verdict.severity is not Severity.UNKNOWN for verdict in verdicts)


def _rank(verdict: Verdict) -> int:
    return verdict.entry.rank


def _message(group: GroupEvidence, verdicts: tuple[Verdict, ...]) -> str:
    return joined([_shortage(group), *(verdict.message for verdict in verdicts[:_MESSAGES_PER_GROUP])])


def _weighty(verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    return tuple(one for one in verdicts if one.severity is not Severity.INFORMATION)


def _messages(verdicts: Sequence[Verdict]) -> Iterator[str]:
    return (verdict.message for verdict in verdicts)


def _shortage(group: GroupEvidence) -> str:
    where = f' in group "{group.name}"'
    return f"{part_is(group.consuming, group.desired, 'worker', where)} consuming"


def _fleet(evidence: Evidence) -> str:
    consuming, desired = evidence.desired_consuming, evidence.desired_total
    if consuming == desired and evidence.consuming > desired:
        consuming = evidence.consuming
        return f"{counted(consuming, 'worker')} {is_or_are(consuming)} consuming, {desired} desired"
    return f"{part_is(consuming, desired, 'desired worker')} consuming"
