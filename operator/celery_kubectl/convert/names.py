"""Names of the resource and of its groups, from those of the Deployments."""

import re
from collections.abc import Collection, Sequence
from itertools import takewhile

from celery_kubectl.convert.worker import queues_of
from celery_kubectl.convert.workload import Workload

_ROLES = frozenset(
    {"worker", "workers", "celery", "celeryworker", "celerybeat", "beat", "flower", "scheduler", "deployment"}
)
_RESERVED = frozenset({"beat", "redis", "flower", "monitor"})
_MOST_OF_RESOURCE, _MOST_OF_GROUP = 40, 20


def resource_name(workloads: Sequence[Workload], taken: Collection[str]) -> str:
    """What the names have in common, without words such as worker; otherwise the application."""
    words = [word for word in _common_words(workloads) if word not in _ROLES]
    app = workloads[0].app_identity.partition(".")[0]
    name = _valid("-".join(words) or app, _MOST_OF_RESOURCE) or "celery"
    return _free(name, _MOST_OF_RESOURCE, taken)


def group_names(
    workers: Sequence[Workload], others: Sequence[Workload], resource: str, deployments: Collection[str]
) -> list[str]:
    """One name for each group. The Deployment of a group, RESOURCE-GROUP, must not exist already.

    Args:
        workers: the workers of the resource.
        others: beat and Flower of the same resource.
        resource: its name.
        deployments: the names of all Deployments that are known.
    """
    common = _common_words([*workers, *others])
    names: list[str] = []
    for workload in workers:
        words = [word for word in workload.name.split("-")[len(common) :] if word not in _ROLES]
        name = _valid("-".join(words), _MOST_OF_GROUP) or _of_queues(workload)
        if name in _RESERVED:
            name = _valid(f"{name}-workers", _MOST_OF_GROUP)
        used = {*names, *_behind(f"{resource}-", deployments), *_RESERVED}
        names.append(_free(name, _MOST_OF_GROUP, used))
    return names


def _behind(prefix: str, names: Collection[str]) -> list[str]:
    return [one.removeprefix(prefix) for one in names if one.startswith(prefix)]


def _common_words(workloads: Sequence[Workload]) -> list[str]:
    """The words with which all names begin."""
    columns = zip(*(workload.name.split("-") for workload in workloads), strict=False)
    return [words[0] for words in takewhile(lambda words: len(set(words)) == 1, columns)]


def _of_queues(workload: Workload) -> str:
    queues = queues_of(workload)
    return (
        _valid(queues[0], _MOST_OF_GROUP) if len(queues) == 1 and queues != ["celery"] else ""
    ) or "default"


def _valid(text: str, most: int) -> str:
    """Lower case letters, digits and ``-``, beginning with a letter; empty where nothing is left."""
    letters = re.sub(r"[^a-z0-9-]+", "-", text.lower())
    return re.sub(r"^[^a-z]+", "", letters)[:most].strip("-")


def _free(name: str, most: int, taken: Collection[str]) -> str:
    candidates = [name, f"{name[: most - 8].strip('-')}-workers"]
    candidates += [f"{name[: most - 3].strip('-')}-{number}" for number in range(2, 100)]
    return next((one for one in candidates if one not in taken), name)
