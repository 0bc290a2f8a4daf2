"""Why a task is not running, from what the monitor knows: the same answers as ``celery-health why``."""
