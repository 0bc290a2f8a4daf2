"""The settings, with a broker that the test names."""

import os

SECRET_KEY = "of a test"
INSTALLED_APPS = ["celery_health.django", "django_celery_results"]
# The commands run without a database, unless the results are there.
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("TEST_DATABASE", "/nowhere/site.sqlite"),
    }
}

CELERY_BROKER_URL = os.environ["TEST_BROKER"]
CELERY_RESULT_BACKEND = os.environ.get("TEST_RESULTS", os.environ["TEST_BROKER"])
