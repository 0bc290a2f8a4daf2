"""How fast a group may move: stabilization windows and policies, as the HorizontalPodAutoscaler v2 has them.

https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#configurable-scaling-behavior
"""

from celery_operator.api.autoscaling import Autoscaling, ScalingPolicy, ScalingRules

Timed = tuple[tuple[float, int], ...]
"""Numbers with the seconds at which they were noted, oldest first."""


def stabilized(rules: Autoscaling, current: int, recommendations: Timed, now: float) -> int:
    """Down no farther than the highest recommendation in its window, up no farther than the lowest in its."""
    latest = recommendations[-1][1]
    up, down = _window_starts(rules, now)
    lowest = min([latest, *(number for at, number in recommendations if at > up)])
    highest = max([latest, *(number for at, number in recommendations if at > down)])
    return min(max(current, lowest), highest)


def remembered(rules: Autoscaling, recommendations: Timed, now: float) -> Timed:
    """Those that can still count: an earlier one does not where later ones are both higher and lower."""
    up, down = _window_starts(rules, now)
    kept = [recommendations[-1]]
    lowest = highest = recommendations[-1][1]
    for at, number in reversed(recommendations[:-1]):
        if (at > down and number > highest) or (at > up and number < lowest):
            kept.append((at, number))
        lowest, highest = min(lowest, number), max(highest, number)
    return tuple(reversed(kept))


def allowed(rules: Autoscaling, current: int, desired: int, changes: Timed, now: float) -> int:
    """As near to ``desired`` as the policies let the group come from ``current`` now."""
    direction = rules.scale_up if desired > current else rules.scale_down
    if desired == current or direction.select_policy == "Disabled":
        return current
    if not direction.policies:
        return desired
    ends = [_end(policy, current, changes, now, desired > current) for policy in direction.policies]
    if desired > current:
        return max(current, min(desired, _selected(direction, ends)))
    return min(current, max(desired, -_selected(direction, [-end for end in ends])))


def counted_changes(rules: Autoscaling, changes: Timed, now: float) -> Timed:
    """Those that a policy can still count."""
    policies = (*rules.scale_up.policies, *rules.scale_down.policies)
    longest = max((policy.period_seconds for policy in policies), default=0)
    return tuple((at, number) for at, number in changes if at > now - longest)


def _window_starts(rules: Autoscaling, now: float) -> tuple[float, float]:
    """Where the windows of scaleUp and scaleDown begin."""
    return (
        now - rules.scale_up.stabilization_window_seconds,
        now - rules.scale_down.stabilization_window_seconds,
    )


def _selected(rules: ScalingRules, ends: list[int]) -> int:
    """The farthest that any policy allows, or the nearest; farther is greater."""
    return min(ends) if rules.select_policy == "Min" else max(ends)


def _end(policy: ScalingPolicy, current: int, changes: Timed, now: float, up: bool) -> int:
    """How many pods there may be now, counted from those at the beginning of the policy's period."""
    start = current - sum(number for at, number in changes if at > now - policy.period_seconds)
    if policy.type == "Pods":
        return start + policy.value if up else start - policy.value
    if up:
        # Rounded up as by the HorizontalPodAutoscaler, so that a share of few pods is one; of none as well.
        return max(1, -(-start * (100 + policy.value) // 100))
    return start * (100 - policy.value) // 100
