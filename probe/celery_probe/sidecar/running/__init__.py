"""``celery-probe run``: Celery and its sidecar in one, for machines without a kubelet."""
