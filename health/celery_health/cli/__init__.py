"""Programs for a terminal: they work on any Celery, with or without Kubernetes."""
