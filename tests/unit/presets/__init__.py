"""The presets: Celery settings with their trade-offs."""
