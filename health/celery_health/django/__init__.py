"""The commands of the CLI in a Django project: ``manage.py celery_health`` and ``manage.py celery_monitor``.

Add ``celery_health.django`` to ``INSTALLED_APPS``. The app has no models and no views.
"""
