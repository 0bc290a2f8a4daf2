"""Poison tasks, and the resources whose workers run them beside the tasks of the example application."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tools.testbed
from tools.testbed.kube import Object
from tools.testbed.rabbitmq import IMAGE as RABBITMQ_IMAGE
from tools.testbed.rabbitmq import START as RABBITMQ_START
from tools.testbed.rabbitmq import URL as RABBITMQ_URL
from tools.testbed.shop import BROKER_URL, Shop, celery_deployment, group, pod, service

MODULE = Path(tools.testbed.__file__).with_name("poison_tasks.py")
MOUNT = "/poison"
MEMORY_MIB = 256
READY_SECONDS = 150
"""For a broker, and for the workers of one test, which start at the same time."""
OTHERS = 10
"""Tasks of the application that are sent with each poison task."""
DEATHS = 3
"""A task is named from this number of deaths on."""
CAUSES = {
    "hog": rf"out of memory, \d+ of {MEMORY_MIB} MiB",
    "segfault": "signal SIGSEGV",
    "leave": "exit status 3",
}
HOG_PARENT = "hog_parent"
OF_PROCESS = f"out of memory at the limit of {MEMORY_MIB} MiB"
PASSWORD = "s3cret-of-the-task"
"""An argument of each poison task, which only the broker and the worker may show."""
PARENTS_DATABASE = 2
"""The first of theirs in Redis: a worker delivers again what any worker of the same database has taken."""
VISIBILITY_SECONDS = 5
"""Longer than a run, and shorter than a run and a restart: a worker on Redis delivers again when it has
connected, and every 100 s.
"""
Order = tuple[str, Sequence[Any], str]
"""Task, arguments and queue."""


def with_poison_tasks(name: str, broker: str, *groups: Object) -> Object:
    """A CeleryDeployment whose workers know the poison tasks beside those of the application."""
    return celery_deployment(
        name,
        broker={"url": broker},
        env=[{"name": "PYTHONPATH", "value": MOUNT}],
        volumes=[{"name": "poison", "configMap": {"name": "poison"}}],
        volumeMounts=[{"name": "poison", "mountPath": MOUNT}],
        workers=[{**one, "args": [*one.get("args", []), "--include=poison_tasks"]} for one in groups],
    )


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A CeleryDeployment with one group for one poison task. Its queue has the name of the resource."""

    task: str
    concurrency: int
    pool: str = "prefork"
    replicas: int = 1
    more_groups: tuple[Object, ...] = ()

    @property
    def name(self) -> str:
        """Of the resource, the group and the queue."""
        kind = "" if self.pool == "prefork" else f"{self.pool}-"
        return f"{self.task.replace('_', '-')}-{kind}{self.concurrency}"

    @property
    def dies_for_ever(self) -> bool:
        """Otherwise the task succeeds after ``DEATHS`` deaths, so that their number is exact."""
        return self.concurrency > 1 and self.task != HOG_PARENT

    @property
    def kills_parent(self) -> bool:
        """The task kills the worker's own process."""
        return self.pool != "prefork" or self.task == HOG_PARENT

    @property
    def cause(self) -> str:
        """A pattern of the cause that the verdict names."""
        return OF_PROCESS if self.kills_parent else CAUSES[self.task]

    def broker(self, broker: str) -> str:
        """The URL for its workers."""
        if self.task != HOG_PARENT or broker != BROKER_URL:
            return broker
        return f"{broker.rpartition('/')[0]}/{PARENTS_DATABASE + PARENTS.index(self)}"

    def deployment(self, broker: str) -> Object:
        """A group with little memory, and the other groups."""
        worker = group(
            self.name,
            pool=self.pool,
            concurrency=self.concurrency,
            replicas=self.replicas,
            resources={"limits": {"memory": f"{MEMORY_MIB}Mi"}},
        )
        if self.task == HOG_PARENT:
            worker["env"] = [{"name": "SHOP_VISIBILITY_TIMEOUT", "value": str(VISIBILITY_SECONDS)}]
        return with_poison_tasks(self.name, self.broker(broker), worker, *self.more_groups)

    def poison(self) -> Order:
        """The task that kills."""
        return self.poison_that_survives(None if self.dies_for_ever else DEATHS)

    def poison_that_survives(self, deaths: int | None) -> Order:
        """The same task, which succeeds after this number of deaths; None: never."""
        return f"poison_tasks.{self.task}", [deaths, PASSWORD], self.name

    def other(self) -> Order:
        """A task of the application."""
        return "shop.tasks.build_report", [0.2], self.name


EARLY = Case("leave_early", 4)
CHILDREN = tuple(Case(task, concurrency) for task in CAUSES for concurrency in (1, 4))
PARENTS = tuple(Case(HOG_PARENT, concurrency) for concurrency in (1, 4))
PROCESS = Case("hog", 2, pool="threads", replicas=2, more_groups=(group("quiet"),))
"""A worker that starts asks the others what was revoked: the quiet worker still knows."""


def start(shop: Shop, broker: str, *deployments: Object) -> None:
    """Broker, poison tasks and workers."""
    if broker == RABBITMQ_URL:
        start_rabbitmq = ["sh", "-c", RABBITMQ_START]
        shop.kube.apply(
            shop.namespace,
            pod("rabbitmq", RABBITMQ_IMAGE, start_rabbitmq, port=5672),
            service("rabbitmq", 5672),
        )
        ready = ["wait", "--for=condition=Ready", "pod/rabbitmq", f"--timeout={READY_SECONDS}s"]
        shop.kube.run("-n", shop.namespace, *ready, timeout=READY_SECONDS + 10)
    configuration = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "poison"},
        "data": {MODULE.name: MODULE.read_text()},
    }
    shop.kube.apply(shop.namespace, configuration, *deployments)
    for deployment in deployments:
        shop.wait_ready(deployment["metadata"]["name"], timeout=READY_SECONDS)


def send(shop: Shop, broker: str, orders: Sequence[Order]) -> list[str]:
    """Send tasks, all by one program; gives the ids."""
    code = (
        "import json; from shop.celery import app; "
        f"ids = [app.send_task(name, args, queue=queue).id for name, args, queue in {list(orders)!r}]; "
        "print(json.dumps(ids))"
    )
    ids: list[str] = json.loads(shop.python(code, broker=broker))
    return ids


def send_with_others(
    shop: Shop, broker: str, case: Case, poison: Sequence[Order], count: int = OTHERS
) -> tuple[list[str], list[str]]:
    """Send ``count`` other tasks, half of them before the poison; gives the ids of both."""
    others = [case.other()] * (count // 2)
    ids = send(shop, case.broker(broker), [*others, *poison, *others])
    begin, end = len(others), len(others) + len(poison)
    return ids[begin:end], ids[:begin] + ids[end:]
