"""Environment variables: those that the resource refuses or sets itself are left out, with a comment."""

import re
from collections.abc import Iterable

from celery_health.masking import SECRET_NAMES, name_pattern
from celery_kubectl.command_line.options import Role
from celery_kubectl.convert.celery_command import shortened
from celery_kubectl.convert.connections import PASSWORD, RENAMED
from celery_kubectl.convert.draft import Draft
from celery_kubectl.convert.environment import REFERENCE
from celery_kubectl.convert.surroundings import needs_shell
from celery_kubectl.convert.workload import Workload
from celery_kubectl.kubectl import Object

# They say the same as options that the operator writes itself.
_FIELDS = frozenset(
    f"CELERY_WORKER_{option}" for option in ("CONCURRENCY", "QUEUES", "POOL", "LOGLEVEL", "HOSTNAME")
)
REFUSED = {
    **dict.fromkeys(
        ("CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"), "the resource has one broker, in spec.broker"
    ),
    "CELERY_WORKER_AUTOSCALE": "the operator changes the number of pods, not the size of a pool",
    "CELERY_WORKER_BEAT": "beat runs in a pod of its own: see spec.beat",
    "CELERY_WORKER_DETACH": "a worker runs in the foreground",
    "CELERY_WORKER_EXCLUDE_QUEUES": "queues are listed in workers[].queues",
    "CELERY_WORKER_LOGFILE": "a worker writes to the log of its pod",
    "CELERY_WORKER_PIDFILE": "a pod needs no PID file",
}
_FLOWER = frozenset({"FLOWER_PORT", "FLOWER_ADDRESS", "FLOWER_BASIC_AUTH", "FLOWER_URL_PREFIX"})
_SECRET_NAME = re.compile(rf"[\w.-]*{name_pattern(SECRET_NAMES)}", re.IGNORECASE)


def carried_variables(workload: Workload, about: Draft) -> list[Object]:
    """The variables of the pods, with those of the script that starts Celery."""
    entries = workload.variables.entries
    kept = [_renamed(entry) for entry in entries if _is_kept(entry["name"], workload.role)]
    for name, reason in REFUSED.items():
        if any(entry["name"] == name for entry in entries):
            about.remark(f"{name} is left out: {reason}.", "env")
    _note_renamed(entries, about)
    _note_unknown(workload, about)
    return kept


def plain_secrets(variables: Iterable[Object]) -> list[str]:
    """The names of variables whose value is in the manifest, and is a secret or has a password."""
    return [
        one["name"]
        for one in variables
        if one.get("value") and (_SECRET_NAME.fullmatch(one["name"]) or PASSWORD.search(one["value"]))
    ]


def _is_kept(name: str, role: Role) -> bool:
    if name in RENAMED or name in REFUSED or name.startswith("CELERY_PROBE_"):
        return False
    return not (name in _FIELDS and role is Role.WORKER) and not (name in _FLOWER and role is Role.FLOWER)


def _renamed(entry: Object) -> Object:
    """References to variables that the operator sets under another name."""
    value = entry.get("value")
    if not isinstance(value, str):
        return entry
    return {**entry, "value": REFERENCE.sub(lambda found: f"$({RENAMED.get(found[1], found[1])})", value)}


def _note_renamed(entries: list[Object], about: Draft) -> None:
    for name in (entry["name"] for entry in entries):
        replacement = RENAMED.get(name, name)
        if replacement != name:
            about.ask(f"The pods have {replacement} instead of {name}: let the application read that.", "env")


def _note_unknown(workload: Workload, about: Draft) -> None:
    for name, value in workload.command.variables:
        if needs_shell(value) and _is_kept(name, workload.role):
            about.ask(f"The script sets {name} to `{shortened(value)}`: write the value.", "env")
