"""The Celery application: five queues, one per kind of work.

Celery itself reads CELERY_BROKER_URL and CELERY_RESULT_BACKEND from the environment; the operator sets both.
"""

import os

from celery import Celery
from celery.schedules import crontab

from celery_health import metrics, presets
from shop import ledger

# Seconds after which Redis hands out again what a killed worker had taken.
VISIBILITY_TIMEOUT = int(os.environ.get("SHOP_VISIBILITY_TIMEOUT", "3600"))

app = Celery("shop", include=["shop.tasks"])
app.conf.update(
    presets.reliable()
    | presets.redis_broker(visibility_timeout=VISIBILITY_TIMEOUT)
    | presets.rabbitmq_broker()
    | presets.redis_results()
    | presets.time_limits()
    | presets.queues(
        {
            "shop.tasks.send_email": "email",
            "shop.tasks.resize_image": "media",
            "shop.tasks.build_report": "reports",
            "shop.tasks.clean_up": "maintenance",
            "shop.tasks.import_catalog": "reports",
        }
    )
    | presets.worker_options()
    | {
        "result_expires": 3600,
        # A monitor then knows the queue of a task, and the tasks that no worker has received yet.
        "task_send_sent_event": True,
        # For beat, where it runs.
        "beat_schedule": {
            "clean-up": {"task": "shop.tasks.clean_up", "schedule": 20.0},
            "daily-report": {"task": "shop.tasks.build_report", "schedule": crontab(hour="4", minute="0")},
        },
    }
)

metrics.configure(prefix="shop")
ledger.follow(app)
