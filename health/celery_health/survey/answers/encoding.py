"""Which commands the workers of an application can answer.

An answer that a worker cannot encode leaves it deaf: with Redis it takes no more tasks until it is restarted.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

_WITH_ARGUMENTS_OF_TASKS = frozenset({"active", "reserved", "scheduled", "query_task"})
_ANY_VALUE = "pickle"
# What tasks bring in these formats, the formats of answers may lack. JSON of kombu has dates and UUIDs.
_RICHER = {
    "json": frozenset({"application/x-python-serialize", "application/x-yaml"}),
    "msgpack": frozenset({"application/x-python-serialize", "application/x-yaml", "application/json"}),
}


def sendable(app: Any, command: str, arguments: Mapping[str, Any] | None) -> tuple[bool, Any]:
    """Whether workers with the settings of ``app`` can answer the command, and with which arguments.

    Without ``app``'s settings, such as those of an application of our own, every command seems to be one.
    """
    if command == "stats":
        return _encodes_statistics(app), arguments
    if command not in _WITH_ARGUMENTS_OF_TASKS or not _has_richer_arguments(app.conf):
        return True, arguments
    if command == "active":  # the only one that offers the arguments as text
        return True, {**(arguments or {}), "safe": True}
    return False, arguments


def _encodes_statistics(app: Any) -> bool:
    """Whether a worker can encode its settings for the broker, which are part of the answer."""
    # Imported only here, where Celery is loaded.
    from kombu.exceptions import EncodeError  # noqa: PLC0415
    from kombu.serialization import dumps  # noqa: PLC0415

    answer = {"broker": app.connection_for_read().info(), "total": Counter({"task": 1})}
    try:
        dumps(answer, serializer=app.conf.task_serializer)
    except EncodeError:
        return False
    return True


def _has_richer_arguments(conf: Any) -> bool:
    """Whether a task may have arguments that the format of answers cannot express."""
    # Imported only here, where Celery is loaded.
    from kombu.serialization import prepare_accept_content  # noqa: PLC0415

    answers = conf.task_serializer
    accepted = set(prepare_accept_content(conf.accept_content) or ())
    if answers == _ANY_VALUE:
        return False
    return bool(accepted & _RICHER.get(answers, _RICHER["json"]) - prepare_accept_content([answers]))
