"""How a run ended, by the exception that Celery has of it."""

from typing import Any

from billiard.einfo import ExceptionWithTraceback
from billiard.exceptions import Terminated
from celery.exceptions import Ignore, Reject, Retry
from celery.utils.serialization import UnpickleableExceptionWrapper

COMPLETED = ""
"""The task ended as it wanted to."""

RETRIED = "retry"
"""The task, or Celery, sent it again; no exception has this name."""


def outcome(error: Any, cancelled: bool) -> str:
    """``COMPLETED``, ``RETRIED``, or the name of the exception with which the run failed.

    ``cancelled``: Celery ended the run because the connection to the broker was lost.
    """
    if isinstance(error, ExceptionWithTraceback):
        error = error.exc
    if isinstance(error, Retry) or (cancelled and isinstance(error, Terminated)):
        return RETRIED
    if isinstance(error, Reject):
        return RETRIED if error.requeue else Reject.__name__
    if isinstance(error, Ignore):
        return COMPLETED
    if isinstance(error, UnpickleableExceptionWrapper):
        return str(error.exc_cls_name)
    return type(error).__name__
