"""Celery's events: received from the broker, decoded, and merged into task records."""
