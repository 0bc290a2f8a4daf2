"""How often callers may send requests."""

from celery_monitor.web.limits.counters import Counters
from celery_monitor.web.limits.limiter import Limiter

__all__ = ["Counters", "Limiter"]
