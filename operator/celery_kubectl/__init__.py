"""The kubectl plugin: ``kubectl celery``."""
