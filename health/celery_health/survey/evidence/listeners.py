"""Counts the workers that listen to remote control. A check then knows how many answers to wait for."""

import json
from typing import Any

_NO_WORKER = "celery-health.no-worker"
"""The destination of the command. No worker has this name, so each ignores the command."""


def redis_topic(fanout_prefix: str, database: int, exchange: str, key_prefix: str) -> str:
    """The Redis channel of the commands for all workers."""
    return f"{key_prefix}{fanout_prefix.format(db=database)}{exchange}.pidbox"


def redis_command(exchange: str) -> str:
    """A command that no worker obeys, as kombu encodes it. PUBLISH returns the number of its receivers."""
    return json.dumps(
        {
            "body": json.dumps(_command()),
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "headers": {"clock": 0, "expires": 0},
            "properties": {
                "delivery_tag": _NO_WORKER,
                "delivery_mode": 1,
                "delivery_info": {"exchange": f"{exchange}.pidbox", "routing_key": ""},
                "priority": 0,
            },
        }
    )


def has_no_listener_on_rabbitmq(app: Any, exchange: str, seconds: float) -> bool:
    """Whether no worker listens. It blocks for at most about ``seconds``.

    RabbitMQ returns a message that is published as mandatory and that no queue receives.
    """
    from amqp import Message  # noqa: PLC0415
    from amqp.exceptions import NotFound  # noqa: PLC0415

    returned: list[object] = []
    with app.connection_for_write(connect_timeout=seconds) as connection:
        channel = connection.channel()
        channel.events["basic_return"].add(lambda *message: returned.append(message))
        command = Message(
            json.dumps(_command()),
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=1,
            application_headers={"clock": 0, "expires": 0},
        )
        try:
            # RabbitMQ sends a returned message before its confirmation.
            channel.basic_publish_confirm(
                command, exchange=f"{exchange}.pidbox", mandatory=True, confirm_timeout=seconds
            )
        except NotFound:
            return True  # no worker has created the exchange
    return bool(returned)


def _command() -> dict[str, Any]:
    return {
        "method": "ping",
        "arguments": {},
        "destination": [_NO_WORKER],
        "pattern": None,
        "matcher": None,
    }
