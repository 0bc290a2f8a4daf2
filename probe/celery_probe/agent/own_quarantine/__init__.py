"""Quarantine without sidecar and operator: ``celery_health.presets.quarantine()`` turns it on.

The workers count the deaths of their pool children themselves, and announce them to each other over the
broker.
"""
