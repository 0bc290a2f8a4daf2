"""The app, as Django finds it for ``celery_health.django`` in ``INSTALLED_APPS``."""

from django.apps import AppConfig


class CeleryHealthConfig(AppConfig):  # type: ignore[misc]
    """The app. Its label is not "django", which would be misleading in messages of Django."""

    name = "celery_health.django"
    label = "celery_health"
    verbose_name = "Celery health"
