"""RabbitMQ as broker."""

from celery_health.presets.preset import Preset, Setting

HEARTBEAT_SECONDS = 30


def rabbitmq_broker() -> Preset:
    """For a RabbitMQ broker; a broker of another kind ignores these settings."""
    return Preset(
        (
            Setting(
                "broker_heartbeat",
                HEARTBEAT_SECONDS,
                "A connection on which the other side is silent for 30 s counts as lost (Celery's own: 120 "
                "s). A solo worker sends none while a task runs, and is cut off by a task longer than a "
                "minute: set 0 for it.",
            ),
            Setting(
                "broker_transport_options",
                {"confirm_publish": True},
                "Sending a task returns when RabbitMQ has the message, so none is lost on the way. It costs "
                "a round trip each, and while RabbitMQ holds back publishers (a memory or disk alarm) it "
                "waits.",
            ),
        )
    )
