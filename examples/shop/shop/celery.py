"""The Celery application: five queues, one per kind of work.

Celery itself reads CELERY_BROKER_URL and CELERY_RESULT_BACKEND from the environment; the operator sets both.
"""

import os

from celery import Celery

from shop import ledger

app = Celery("shop", include=["shop.tasks"])
app.conf.update(
    task_default_queue="default",
    task_routes={
        "shop.tasks.send_email": {"queue": "email"},
        "shop.tasks.resize_image": {"queue": "media"},
        "shop.tasks.build_report": {"queue": "reports"},
        "shop.tasks.clean_up": {"queue": "maintenance"},
    },
    # A task is acknowledged when it is done: one whose worker dies comes back.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_track_started=True,
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=1000,
    result_expires=3600,
    # However long the broker is away, the worker waits: to end would only add restarts to an outage.
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
)

if "SHOP_VISIBILITY_TIMEOUT" in os.environ:
    # Seconds after which Redis hands out again what a killed worker had taken.
    app.conf.broker_transport_options = {"visibility_timeout": int(os.environ["SHOP_VISIBILITY_TIMEOUT"])}

ledger.follow(app)
