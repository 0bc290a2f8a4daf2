"""A KEDA ScaledObject as ``workers[].autoscaling``."""

from collections.abc import Sequence

from celery_health.verdicts.text import counted, listed
from celery_kubectl.convert.draft import Draft
from celery_kubectl.convert.fields import number, part, parts
from celery_kubectl.convert.scaling.behavior import carry_behavior
from celery_kubectl.convert.scaling.triggers import QueueTrigger, Trigger, UnknownTrigger, Window, trigger_of
from celery_kubectl.kubectl import Object

# KEDA's own defaults.
_MIN, _MAX, _POLLING = 0, 100, 30


def carry_scaled_object(scaled: Object, draft: Draft, queues: Sequence[str], slots: int) -> None:
    """Its bounds, triggers, behavior and fallback. ``slots``: tasks that one pod runs at a time."""
    spec, name = part(scaled, "spec"), scaled["metadata"]["name"]
    most = number(spec, "maxReplicaCount", _MAX)
    draft.remark(f"From ScaledObject {name}.", "autoscaling")
    draft.put(_minimum(spec, draft), "autoscaling", "minReplicas")
    draft.put(most, "autoscaling", "maxReplicas")
    triggers = [trigger_of(one) for one in parts(spec, "triggers")]
    _carry_queues([one for one in triggers if isinstance(one, QueueTrigger)], draft, queues, slots)
    _carry_windows(triggers, draft, most)
    for unknown in triggers:
        if isinstance(unknown, UnknownTrigger):
            draft.ask(f"KEDA's trigger {unknown.description} has no equal here.", "autoscaling")
    if "cooldownPeriod" in spec:
        draft.put(number(spec, "cooldownPeriod", 0), "autoscaling", "idleSeconds")
    _carry_fallback(spec, draft, most)
    advanced = part(spec, "advanced")
    carry_behavior(part(part(advanced, "horizontalPodAutoscalerConfig"), "behavior"), draft)
    _note_rest(spec, advanced, draft)


def _minimum(spec: Object, draft: Draft) -> int:
    least = number(spec, "minReplicaCount", _MIN)
    idle = spec.get("idleReplicaCount")
    if not isinstance(idle, int):
        return least
    draft.ask(
        f"KEDA keeps {idle} pods while nothing waits, and {least} otherwise. Here the number follows the "
        f"load from {idle} on.",
        "autoscaling",
    )
    return idle


def _carry_queues(triggers: Sequence[QueueTrigger], draft: Draft, queues: Sequence[str], slots: int) -> None:
    if not triggers:
        return
    per_pod = min(trigger.messages for trigger in triggers)
    draft.put(max(1, round(per_pod / slots)), "autoscaling", "targetPerSlot")
    # KEDA starts the first pod when one of its triggers is active.
    own = [trigger for trigger in triggers if not trigger.queue or trigger.queue in queues]
    if activation := min(trigger.activation for trigger in own or triggers):
        draft.put(activation, "autoscaling", "activationBacklog")
    draft.remark(
        f"KEDA: {per_pod:g} messages per pod, which has {counted(slots, 'slot')}. Active tasks count here "
        "too. targetDrainSeconds, 60 by default, may ask for more pods.",
        "autoscaling",
        "targetPerSlot",
    )
    others = [trigger.queue for trigger in triggers if trigger.queue and trigger.queue not in queues]
    if others:
        draft.ask(
            f"KEDA watches {listed(others)}, which these workers do not read. A group scales by its own "
            "queues.",
            "autoscaling",
        )


def _carry_windows(triggers: Sequence[Trigger], draft: Draft, most: int) -> None:
    windows = []
    for window in (one for one in triggers if isinstance(one, Window)):
        if window.replicas > most:
            draft.remark(
                f"A window of KEDA has {window.replicas} pods, more than the maximum.", "autoscaling"
            )
        windows.append(
            {
                "start": window.start,
                "end": window.end,
                "timeZone": window.time_zone,
                "minReplicas": min(window.replicas, most),
            }
        )
    draft.put(windows, "autoscaling", "schedule")


def _carry_fallback(spec: Object, draft: Draft, most: int) -> None:
    fallback = part(spec, "fallback")
    replicas = number(fallback, "replicas", 0)
    if replicas > 0:
        failures, polling = (
            number(fallback, "failureThreshold", 3),
            number(spec, "pollingInterval", _POLLING),
        )
        draft.put(min(replicas, most), "autoscaling", "fallback", "replicas")
        draft.put(failures * polling, "autoscaling", "fallback", "afterSeconds")


def _note_rest(spec: Object, advanced: Object, draft: Draft) -> None:
    if "scalingModifiers" in advanced:
        draft.ask("KEDA's scalingModifiers have no equal here.", "autoscaling")
    if "pollingInterval" in spec or any("authenticationRef" in one for one in parts(spec, "triggers")):
        draft.remark(
            "pollingInterval and authenticationRef are not needed: the operator reads the broker of this "
            "resource every second.",
            "autoscaling",
        )
