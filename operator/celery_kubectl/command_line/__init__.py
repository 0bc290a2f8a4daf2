"""Reads ``command`` and ``args`` of a container: its commands, and what of Celery each of them starts."""
