"""The URLs of an application, as kombu and Celery complete them from its settings."""
