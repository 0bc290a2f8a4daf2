"""What a tick that does not end waits for, read from the stack of the thread that is inside it."""

from __future__ import annotations

from typing import Sequence

from celery_probe.agent import stack

RESULT_BACKEND = "result_backend"
BACKENDS = "celery.backends."


def waits_for(places: Sequence[stack.Place]) -> str:
    """Judge a stack, given as (module, function) from the innermost call outwards."""
    if any(module.startswith(BACKENDS) for module, _ in places):
        return RESULT_BACKEND
    if stack.waits_for(places) in (stack.BROKER, stack.CONNECTION) or _in_a_broker_client(places):
        return stack.BROKER
    return stack.UNKNOWN


def _in_a_broker_client(places: Sequence[stack.Place]) -> bool:
    """A scheduler may ask the broker's Redis itself, as RedBeat does, without kombu."""
    for module, _ in places:
        root = module.split(".", 1)[0]
        if root in stack.BROKER_CLIENTS:
            return True
        if root not in stack.UNDER_KOMBU:
            return False
    return False
