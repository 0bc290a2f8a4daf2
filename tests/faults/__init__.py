"""Faults that are made inside a Celery worker, by a module that an unchanged application includes."""
