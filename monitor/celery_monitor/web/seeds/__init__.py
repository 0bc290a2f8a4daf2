"""Routes in the shapes that three existing applications serve, so that their clients work unchanged.

There is one module for each document that describes such an application. The documents decide names, types
and statuses; docs/reference/monitor/compatible-routes.md lists them.
"""

from celery_monitor.web.seeds import document_000, document_003, document_004

ROUTES = (*document_000.ROUTES, *document_003.ROUTES, *document_004.ROUTES)
