"""Celery without Kubernetes: readers of brokers and result backends, verdicts on workers, and the CLI."""
