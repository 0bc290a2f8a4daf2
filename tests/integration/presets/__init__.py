"""The presets in real workers of every supported Celery."""
