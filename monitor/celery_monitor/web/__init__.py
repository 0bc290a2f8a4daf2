"""The monitor's HTTP server: routes, who may use them, and how often."""

from celery_monitor.web.application import create_application
from celery_monitor.web.push import PushReceiver
from celery_monitor.web.services import Check, Services, open_access

__all__ = ["Check", "PushReceiver", "Services", "create_application", "open_access"]
