"""The routes that read Flower's API, in the shapes of Flower 2.2, with the option ``--flower-api``."""

from celery_monitor.web.flower import results, tasks, workers

ROUTES = (*workers.ROUTES, *tasks.ROUTES, *results.ROUTES)
