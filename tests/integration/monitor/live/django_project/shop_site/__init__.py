"""A Django project whose periodic tasks are in tables."""

from shop_site.celery import app as celery_app

__all__ = ["celery_app"]
