"""The settings of the project, with a database that the test names."""

import os

SECRET_KEY = "of a test"
USE_TZ = True
TIME_ZONE = "Europe/Berlin"
INSTALLED_APPS = ["django.contrib.contenttypes", "django_celery_beat.apps.BeatConfig"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["TEST_DATABASE"]}}
# Django would write to the log of the monitor, and silence it.
LOGGING = {"version": 1, "disable_existing_loggers": True}
CELERY_BROKER_URL = os.environ["TEST_BROKER"]
CELERY_TIMEZONE = "Europe/Berlin"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
