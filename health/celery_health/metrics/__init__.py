"""Prometheus metrics of your tasks: counters of runs and a histogram of their duration.

    from celery_health.metrics import MonitoredTask, configure, monitor_task, serve

    @shared_task(base=MonitoredTask)
    def charge(customer_id, amount): ...

    @shared_task
    @monitor_task
    def refund(customer_id, amount): ...

The worker's main process counts, whatever the pool. In a pod of a CeleryDeployment the sidecar's ``/metrics``
shows the counters. Elsewhere ``serve(port)`` does in the worker, and ``wsgi_app()`` or ``asgi_app()`` in
another program. It needs ``celery-operator[metrics]``.
"""

from celery_health.metrics.http_server import serve
from celery_health.metrics.options import MetricsError
from celery_health.metrics.tasks import MonitoredTask, monitor_task
from celery_health.metrics.web_apps import asgi_app, wsgi_app
from celery_health.metrics.worker import configure

__all__ = ["MetricsError", "MonitoredTask", "asgi_app", "configure", "monitor_task", "serve", "wsgi_app"]
