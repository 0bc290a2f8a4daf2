"""The Celery application: five queues, one per kind of work.

Celery itself reads CELERY_BROKER_URL and CELERY_RESULT_BACKEND from the environment; the operator sets both.
"""

import os

from celery import Celery

from celery_health import presets
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
        }
    )
    | presets.worker_options()
    | {"result_expires": 3600}
)

ledger.follow(app)
