"""What tests share: real servers, real Celery versions and waiting with a deadline."""
