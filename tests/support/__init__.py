"""What integration tests share: real Celery versions."""
