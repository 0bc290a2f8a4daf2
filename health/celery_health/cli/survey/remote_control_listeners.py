"""How many workers hear remote control: known before they are asked, so that no absent one is waited for."""

import json
from typing import Any

_NOBODY = "celery-health.nobody"
"""A destination: whoever hears the command reads that it is meant for somebody else, and does nothing."""


def redis_topic(fanout_prefix: str, database: int, exchange: str, key_prefix: str) -> str:
    """The channel on which a Redis hands commands to all workers."""
    return f"{key_prefix}{fanout_prefix.format(db=database)}{exchange}.pidbox"


def redis_command(exchange: str) -> str:
    """A command to nobody, as kombu's virtual transports pack it. PUBLISH tells how many have heard it."""
    return json.dumps(
        {
            "body": json.dumps(_command()),
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "headers": {"clock": 0, "expires": 0},
            "properties": {
                "delivery_tag": _NOBODY,
                "delivery_mode": 1,
                "delivery_info": {"exchange": f"{exchange}.pidbox", "routing_key": ""},
                "priority": 0,
            },
        }
    )


def nobody_hears_on_rabbitmq(app: Any, exchange: str, seconds: float) -> bool:
    """A RabbitMQ gives back a message that no queue takes. It blocks for at most about ``seconds``."""
    from amqp import Message  # noqa: PLC0415
    from amqp.exceptions import NotFound  # noqa: PLC0415

    returned: list[object] = []
    with app.connection_for_write(connect_timeout=seconds) as connection:
        channel = connection.channel()
        channel.events["basic_return"].add(lambda *told: returned.append(told))
        command = Message(
            json.dumps(_command()),
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=1,
            application_headers={"clock": 0, "expires": 0},
        )
        try:
            # Confirmed: what comes back comes before the confirmation.
            channel.basic_publish_confirm(
                command, exchange=f"{exchange}.pidbox", mandatory=True, confirm_timeout=seconds
            )
        except NotFound:
            return True  # no worker has ever made the exchange
    return bool(returned)


def _command() -> dict[str, Any]:
    return {
        "method": "ping",
        "arguments": {},
        "destination": [_NOBODY],
        "pattern": None,
        "matcher": None,
    }
