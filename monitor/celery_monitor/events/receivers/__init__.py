"""Receivers: one for each kind of broker. Each delivers the messages of the event exchange, unread."""

from celery_monitor.events.receivers.receiver import Receiver, Sink

__all__ = ["Receiver", "Sink"]
