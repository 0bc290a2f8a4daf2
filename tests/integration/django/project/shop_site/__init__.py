"""A Django project with Celery, as Celery's guide for Django makes it."""

from shop_site.celery import app as celery_app

__all__ = ["celery_app"]
