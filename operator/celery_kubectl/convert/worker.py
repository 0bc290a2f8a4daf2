"""A worker group: the options of ``celery worker`` as fields."""

import math
import re
from collections.abc import Mapping, Sequence

from celery_kubectl.command_line.options import Given
from celery_kubectl.convert.draft import Draft
from celery_kubectl.convert.pod.carried import carry_pod, rollout_notes
from celery_kubectl.convert.pod.shared import Shared
from celery_kubectl.convert.scaling.disruption import carry_budget
from celery_kubectl.convert.scaling.hpa import carry_autoscaler
from celery_kubectl.convert.scaling.keda import carry_scaled_object
from celery_kubectl.convert.surroundings import note_surroundings, put_args
from celery_kubectl.convert.workload import Workload
from celery_kubectl.kubectl import Object

_DEFAULT_CONCURRENCY = 4
_POOLS = {
    "prefork": "prefork",
    "processes": "prefork",
    "threads": "threads",
    "gevent": "gevent",
    "eventlet": "eventlet",
    "solo": "solo",
}
_LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
_COUNTS = {
    "--prefetch-multiplier": "prefetchMultiplier",
    "--max-tasks-per-child": "maxTasksPerChild",
    "--time-limit": "timeLimit",
    "--soft-time-limit": "softTimeLimit",
}
# Which pools keep an option; the others ignore it, and the field is refused for them.
_POOLS_OF = {
    "maxTasksPerChild": {"prefork"},
    "maxMemoryPerChild": {"prefork"},
    "softTimeLimit": {"prefork"},
    "timeLimit": {"prefork", "gevent"},
}
_LEFT_OUT = {
    "--hostname": "--hostname is left out: a worker is called GROUP@POD.",
    "--detach": "--detach is left out: the worker runs in the foreground.",
    "--pidfile": "--pidfile is left out: a pod needs no PID file.",
    "--logfile": "--logfile is left out: the worker writes to the log of its pod.",
    "--quiet": "--quiet is left out.",
    "--no-color": "--no-color is left out: the log has no colours without a terminal.",
    "--skip-checks": "--skip-checks is left out: set CELERY_SKIP_CHECKS in env.",
}
_TO_DECIDE = {
    "--uid": "--uid is left out: write the number of the user in spec.runAsUser.",
    "--gid": "--gid is left out: write the group into template, in securityContext.runAsGroup.",
    "--umask": "--umask is left out: a worker has the one of its image.",
    "--executable": "--executable is left out: the worker runs the first python on PATH.",
    "--loader": "--loader is left out: set CELERY_LOADER in env.",
    "--config": "--config is left out: set CELERY_CONFIG_MODULE in env.",
    "--purge": "--purge is left out: each new worker would delete the waiting tasks of all.",
    "--exclude-queues": "--exclude-queues is left out: list the queues that the workers read.",
}
_ELSEWHERE = {
    *("--app", "--broker", "--result-backend", "--workdir", "--beat", "--schedule", "--scheduler"),
    *("--queues", "--pool", "--concurrency", "--autoscale", "--loglevel"),
}
# Behind its options Celery takes settings; the resource refuses these.
REFUSED_SETTING = re.compile(
    r"(?P<connection>broker[._]((read|write)[._])?url|result[._]backend)="
    r"|(worker)?[._](enable[._]remote[._]control|concurrency|pool|prefetch[._]multiplier)=",
    re.IGNORECASE,
)

ORDER = (
    *("name", "queues", "pool", "concurrency", "replicas", "autoscaling", "gracePeriodSeconds"),
    *("maxTasksPerChild", "maxMemoryPerChild", "prefetchMultiplier", "timeLimit", "softTimeLimit"),
    *("optimization", "logLevel", "args", "env", "podDisruptionBudget", "resources", "template"),
)
"""The fields of a group, as a person reads them."""


def worker_group(
    workload: Workload,
    name: str,
    scalers: Sequence[Object],
    budgets: Sequence[Object],
    new_labels: Mapping[str, str],
) -> tuple[Draft, Shared]:
    """The group that replaces a Deployment of workers."""
    draft = Draft()
    draft.put(name, "name")
    draft.remark(f"From {workload.title}.")
    _carry_options(workload, draft)
    _carry_size(workload, draft, scalers)
    carry_budget(budgets, draft)
    rollout_notes(workload, draft)
    note_surroundings(workload, draft)
    if workload.beat_command is not None:
        draft.ask(
            f"{workload.title} runs beat inside each worker. Here beat is a pod of its own: see spec.beat."
        )
    return draft, carry_pod(workload, draft, new_labels)


def queues_of(workload: Workload) -> list[str]:
    """The queues that the workers name, each once; Celery's own if they name none."""
    text = _option(workload, "--queues", "QUEUES")
    names = [one.strip() for one in text.split(",")] if "$" not in text else []
    return list(dict.fromkeys(name for name in names if name)) or ["celery"]


def _option(workload: Workload, name: str, variable: str) -> str:
    """The value of an option that Celery also reads from a variable; empty where both are missing."""
    value = workload.command.value(name)
    return value if value is not None else workload.variables.literal(f"CELERY_WORKER_{variable}") or ""


def _carry_options(workload: Workload, draft: Draft) -> None:
    queues = _option(workload, "--queues", "QUEUES")
    draft.put(queues_of(workload), "queues")
    if "$" in queues:
        draft.ask(f"The queues are {queues}, whose value is not known: write their names.", "queues")
    pool = _carry_pool(workload, draft)
    _carry_concurrency(workload, draft, pool)
    args: list[str] = []
    for option in workload.command.options:
        args += _carry_option(option, draft)
    _drop_options_of_other_pools(draft, pool)
    # Without -l, Celery logs warnings only; the field's default is INFO.
    level = (_option(workload, "--loglevel", "LOGLEVEL") or "WARNING").upper()
    level = {"FATAL": "CRITICAL", "WARN": "WARNING"}.get(level, level)
    if level not in _LEVELS:
        draft.ask(f"The log level is {level}, which is not known: INFO is assumed.", "logLevel")
        level = "INFO"
    draft.put(level, "logLevel")
    put_args([*args, *_carried_settings(workload.command.rest, draft)], draft)


def _carried_settings(words: Sequence[str], draft: Draft) -> list[str]:
    """The words behind the options, but for the settings that the resource refuses."""
    kept = []
    for word in words:
        if (found := REFUSED_SETTING.match(word)) is None:
            kept.append(word)
            continue
        name = word.partition("=")[0]
        instead = (
            "write the URL in spec.broker or spec.resultBackend"
            if found["connection"]
            else "write what has a field in workers[]"
        )
        draft.ask(f"The setting {name} is left out: {instead}.", "args")
    return kept


def _carry_pool(workload: Workload, draft: Draft) -> str:
    given = _option(workload, "--pool", "POOL")
    pool = _POOLS.get(given or "prefork")
    if pool is None:
        draft.ask(f"The pool {given} is not one that the operator knows: prefork is assumed.")
        return "prefork"
    draft.put(None if pool == "prefork" else pool, "pool")
    return pool


def _carry_concurrency(workload: Workload, draft: Draft, pool: str) -> None:
    given = _option(workload, "--concurrency", "CONCURRENCY")
    autoscale = workload.command.value("--autoscale")
    if autoscale:
        draft.ask(
            f"--autoscale {autoscale} is left out: the operator changes the number of pods, not the size of "
            "a pool. The maximum is the concurrency.",
            "concurrency",
        )
        given = autoscale.partition(",")[0]
    number = _number(given)
    if number and pool != "solo":
        draft.put(number, "concurrency")
    elif given not in {"", "0"} and not number:
        draft.ask(f"The concurrency is {given}, whose value is not known: 4 is assumed.", "concurrency")
        draft.put(_DEFAULT_CONCURRENCY, "concurrency")
    elif pool != "solo":
        draft.put(_DEFAULT_CONCURRENCY, "concurrency")
        draft.ask(
            "No option names the concurrency. Celery then takes worker_concurrency of the application, or "
            "the number of CPUs of the node: write the number.",
            "concurrency",
        )


def _carry_option(option: Given, draft: Draft) -> list[str]:
    """Write the field of an option, or return its words for ``args``."""
    if option.name in _LEFT_OUT:
        draft.remark(_LEFT_OUT[option.name])
    elif option.name in _TO_DECIDE:
        draft.ask(_TO_DECIDE[option.name])
    elif option.name in _COUNTS:
        _carry_count(option, draft)
    elif option.name == "--max-memory-per-child":
        number = _number(option.value)
        draft.put(_memory(number) if number else None, "maxMemoryPerChild")
        _ask_unless(number, option, draft)
    elif option.name == "--optimization":
        draft.put(option.value if option.value in {"fair", "default"} else None, "optimization")
    elif option.name not in _ELSEWHERE:
        if not option.known:
            draft.ask(f"{option.name} is not an option that is known here: check it.", "args")
        return list(option.words)
    return []


def _carry_count(option: Given, draft: Draft) -> None:
    number = _number(option.value)
    draft.put(number or None, _COUNTS[option.name])
    if number == 0 and option.name == "--prefetch-multiplier":
        draft.ask(
            "--prefetch-multiplier 0, which sets no limit, has no field: set worker_prefetch_multiplier = 0 "
            "in the application."
        )
    if number is not None and float(option.value) != number:
        draft.remark(f"{option.name} {option.value} is rounded up.", _COUNTS[option.name])
    _ask_unless(number, option, draft)


def _ask_unless(number: int | None, option: Given, draft: Draft) -> None:
    if number is None:
        draft.ask(
            f"{option.name} is {option.value or 'without a value'}, which is no number: it is left out."
        )


def _drop_options_of_other_pools(draft: Draft, pool: str) -> None:
    dropped = [field for field, pools in _POOLS_OF.items() if field in draft.fields and pool not in pools]
    for field in dropped:
        del draft.fields[field]
    if dropped:
        draft.remark(f"Left out, because the pool {pool} ignores it: {', '.join(dropped)}.", "pool")
    hard, soft = draft.fields.get("timeLimit"), draft.fields.get("softTimeLimit")
    if hard and soft and soft >= hard:
        del draft.fields["softTimeLimit"]
        draft.remark(f"--soft-time-limit {soft} is left out: a task is ended after {hard} s.", "timeLimit")


def _carry_size(workload: Workload, draft: Draft, scalers: Sequence[Object]) -> None:
    slots = 1 if draft.fields.get("pool") == "solo" else int(draft.fields["concurrency"])
    for scaler in scalers[:1]:
        if scaler["kind"] == "ScaledObject":
            carry_scaled_object(scaler, draft, draft.fields["queues"], slots)
        else:
            carry_autoscaler(scaler, draft)
    for scaler in scalers[1:]:
        draft.ask(
            f"{scaler['kind']} {scaler['metadata']['name']} scales these workers too: not carried over."
        )
    replicas = workload.spec.get("replicas")
    if not scalers and isinstance(replicas, int):
        draft.fields["replicas"] = replicas


def _number(text: str) -> int | None:
    """A number as an integer, rounded up; None where it is none, or below zero."""
    try:
        number = math.ceil(float(text))
    except (ValueError, OverflowError):
        return None
    return number if number >= 0 else None


def _memory(kibibytes: int) -> str:
    for unit, size in (("Gi", 1024**2), ("Mi", 1024)):
        if kibibytes % size == 0:
            return f"{kibibytes // size}{unit}"
    return f"{kibibytes}Ki"
