"""The comparisons that are made, large and small."""

from tools.ledger.stand import POSTGRESQL, RABBITMQ, REDIS, SQLITE, Plan
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_6, CELERY_5_7

WHOLE = (
    Plan(REDIS, (SQLITE,), ((CELERY_5_6, "prefork"),) * 2, tasks=4_000, kills=10),
    Plan(RABBITMQ, (POSTGRESQL,), ((CELERY_5_3, "prefork"),) * 2, tasks=4_000, restarts=5),
    Plan(REDIS, (POSTGRESQL,), ((CELERY_5_7, "gevent"),) * 2, tasks=4_500, kills=5),
    Plan(RABBITMQ, (SQLITE,), ((CELERY_5_6, "threads"),) * 2, tasks=4_500, kills=5),
    Plan(REDIS, (SQLITE,), ((CELERY_5_7, "prefork"), (CELERY_5_6, "gevent")), tasks=1_000, cuts=90),
    Plan(RABBITMQ, (POSTGRESQL,), ((CELERY_5_7, "prefork"), (CELERY_5_6, "threads")), tasks=1_000, cuts=90),
    Plan(REDIS, (SQLITE,), ((CELERY_5_7, "prefork"), (CELERY_5_6, "gevent")), tasks=500, outages=30),
    Plan(RABBITMQ, (POSTGRESQL,), ((CELERY_5_6, "prefork"), (CELERY_5_7, "threads")), tasks=500, outages=30),
)
"""20,000 tasks. In two runs the broker cuts all connections again and again; in two it is down for some
seconds again and again, for 3 minutes.
"""

COVERING = (
    Plan(
        REDIS,
        (SQLITE, POSTGRESQL),
        (
            (CELERY_5_3, "prefork"),
            (CELERY_5_6, "threads"),
            (CELERY_5_7, "gevent"),
            (CELERY_5_3, "gevent"),
        ),
        tasks=200,
        kills=1,
    ),
    Plan(
        RABBITMQ,
        (SQLITE, POSTGRESQL),
        (
            (CELERY_5_3, "threads"),
            (CELERY_5_6, "gevent"),
            (CELERY_5_7, "prefork"),
            (CELERY_5_6, "prefork"),
            (CELERY_5_7, "threads"),
        ),
        tasks=200,
        kills=1,
    ),
)
"""Each pair of Celery version, pool, broker and database, in two stands."""

FLAPPING = Plan(REDIS, (SQLITE,), ((CELERY_5_6, "prefork"), (CELERY_5_6, "gevent")), tasks=60, outages=4)
"""The broker goes down and comes up again for 25 s.

When Redis goes down, Celery 5.7.0 may hang with prefork, and ends with gevent.
"""
