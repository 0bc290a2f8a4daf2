"""RabbitMQ as broker."""

from celery_health.presets.preset import Preset, Setting

HEARTBEAT_SECONDS = 30


def rabbitmq_broker() -> Preset:
    """For RabbitMQ as broker. Brokers of other kinds ignore these settings."""
    return Preset(
        (
            Setting(
                "broker_heartbeat",
                HEARTBEAT_SECONDS,
                "A connection without a sign of life for 30 s counts as lost (Celery's default: 120 s). "
                "Cost: a worker with the pool solo sends no heartbeats while it runs a task, and RabbitMQ "
                "disconnects it after a minute. Set 0 for solo.",
            ),
            Setting(
                "broker_transport_options",
                {"confirm_publish": True},
                "Sending a task returns when RabbitMQ has stored the message, so that none is lost on the "
                "way. Cost: one round trip for each message. While RabbitMQ blocks publishers (a memory or "
                "disk alarm), sending waits.",
            ),
        )
    )
