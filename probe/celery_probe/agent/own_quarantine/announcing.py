"""Announces deaths to all workers of an application, as a command of Celery's remote control."""

from __future__ import annotations

from time import time
from typing import Any, Mapping

from celery.worker.control import control_command
from kombu import Producer

from celery_probe.agent.worker.own_connection import own_connection

COMMAND = "celery_probe_deaths"
# A worker that takes longer to read it gets the next announcement.
EXPIRES_SECONDS = 60.0


def announce(consumer: Any, deaths: Mapping[str, Any]) -> None:
    """Send the command. Raises what the broker's client raises.

    Celery's own ``broadcast`` would try again without end while the broker is away, and the loop waits.
    """
    mailbox = consumer.app.control.mailbox
    command = {
        "method": COMMAND,
        "arguments": {"deaths": deaths},
        "destination": None,
        "pattern": None,
        "matcher": None,
    }
    with own_connection(consumer) as (transport, connection):
        Producer(transport.create_channel(connection), auto_declare=False).publish(
            command,
            exchange=mailbox.exchange.name,
            declare=[mailbox.exchange],
            headers={"clock": consumer.app.clock.forward(), "expires": time() + EXPIRES_SECONDS},
            serializer="json",
        )


@control_command(name=COMMAND, visible=False)  # type: ignore[untyped-decorator]
def _receive(state: Any, deaths: Any = None, **_: Any) -> None:
    """Hand an announcement to the worker's own quarantine; one without it has none."""
    own = getattr(state.consumer, "own_quarantine", None)
    if own is not None:
        own.receive(deaths)
