"""Routes in the shapes that three existing applications serve, so that their clients work unchanged.

There is one module for each document that describes such an application. The documents decide names, types
and statuses; docs/reference/monitor/compatible-routes.md lists them.
"""

from celery_monitor.web.compatible import celery_status, redis_and_celery, submissions

ROUTES = (*redis_and_celery.ROUTES, *celery_status.ROUTES, *submissions.ROUTES)
