"""Where rows are measured: a broker, a ledger that stays well, and two workers of one pool."""

import json
import uuid
from dataclasses import dataclass, field

from tools.testbed import faults
from tools.testbed.kube import Kube, Object
from tools.testbed.rabbitmq import IMAGE as RABBITMQ_IMAGE
from tools.testbed.rabbitmq import START as RABBITMQ_START
from tools.testbed.rabbitmq import URL as RABBITMQ_URL
from tools.testbed.shop import BROKER_URL, REDIS_IMAGE, Shop, group, pod, service

POOLS = ("prefork", "threads", "gevent", "solo")
BROKERS = ("redis", "rabbitmq")
SLOTS = 2
STALLED_AFTER = 20
"""Longer than a loop may stand still: a wedged worker must be reported as wedged."""

HUNG_AFTER = 15
RESULT_BACKEND_URL = "redis://results:6379/1"
LEDGER = "shop:ledger"


@dataclass(frozen=True, slots=True)
class Ran:
    """What the ledger shows of one task."""

    starts: int
    ended: bool


@dataclass
class Stand:
    """One pool on one broker. The rows come one after another on the same CeleryDeployment."""

    kube: Kube
    pool: str
    broker: str
    visibility_seconds: int | None
    beat: bool = False
    shop: Shop = field(init=False)
    sent: list[str] = field(default_factory=list)
    """Ids of the tasks that have to end, each after one start."""

    def __post_init__(self) -> None:
        self.shop = Shop(self.kube, f"matrix-{self.pool}-{self.broker}-{uuid.uuid4().hex[:6]}")

    @property
    def namespace(self) -> str:
        """The namespace of its own."""
        return self.shop.namespace

    @property
    def slots(self) -> int:
        """Tasks that one worker runs at a time."""
        return 1 if self.pool == "solo" else SLOTS

    @property
    def url(self) -> str:
        """The broker's, as the workers have it."""
        return RABBITMQ_URL if self.broker == "rabbitmq" else BROKER_URL

    def start(self) -> None:
        """Make everything; two workers are ready afterwards."""
        self.kube.run("create", "namespace", self.namespace)
        self.kube.run("label", "namespace", self.namespace, "pod-security.kubernetes.io/enforce=restricted")
        backend = ["redis-server", "--save", "", "--protected-mode", "no"]
        servers = [pod("results", REDIS_IMAGE, backend, port=6379), service("results", 6379)]
        if self.broker == "rabbitmq":
            start = ["sh", "-c", RABBITMQ_START]
            servers += [pod("rabbitmq", RABBITMQ_IMAGE, start, port=5672), service("rabbitmq", 5672)]
        self.kube.apply(self.namespace, *servers)
        self.shop.start()
        self.kube.apply(self.namespace, *self._deployment())
        self.shop.wait_ready(timeout=180)

    def remove(self) -> None:
        """Take the namespace away, without waiting for it."""
        self.kube.run("delete", "namespace", self.namespace, "--wait=false", check=False)

    def workers(self) -> list[Object]:
        """The worker pods that are not being deleted."""
        return self.shop.pods()

    def send(self, seconds: float, count: int, countdown: float = 0, queue: str = "default") -> list[str]:
        """Send tasks that take so long; gives their ids, and counts on those that somebody is to run."""
        code = (
            "import json; from shop.celery import app; "
            f"ids = [app.send_task('shop.tasks.build_report', ({seconds},), queue={queue!r}, "
            f"countdown={countdown or None}).id for _ in range({count})]; print(json.dumps(ids))"
        )
        ids: list[str] = json.loads(self.shop.python(code, broker=self.url))
        if queue == "default":
            self.sent += ids
        return ids

    def ran(self) -> dict[str, Ran]:
        """What became of every task, by id."""
        words = ["redis-cli", "-n", "1", "LRANGE", LEDGER, "0", "-1"]
        lines = self.kube.execute(self.namespace, "results", *words).splitlines()
        starts: dict[str, int] = {}
        ended: set[str] = set()
        for entry in map(json.loads, filter(None, lines)):
            if entry["event"] == "started":
                starts[entry["task"]] = starts.get(entry["task"], 0) + 1
            elif entry["event"] in ("succeeded", "failed"):
                ended.add(entry["task"])
        return {task: Ran(starts.get(task, 0), task in ended) for task in starts.keys() | ended}

    def _deployment(self) -> tuple[Object, Object]:
        worker = group(pool=self.pool, replicas=2, gracePeriodSeconds=20)
        if self.pool == "solo":
            del worker["concurrency"]
        return faults.deployment_with_faults(
            broker={"url": self.url},
            resultBackend={"url": RESULT_BACKEND_URL},
            workers=[worker],
            beat={"enabled": self.beat},
            env=[{"name": "SHOP_VISIBILITY_TIMEOUT", "value": str(self.visibility_seconds)}]
            if self.visibility_seconds is not None
            else [],
            health={
                "stalledAfterSeconds": STALLED_AFTER,
                "hungTaskAfterSeconds": HUNG_AFTER,
                # Row follows row here: what one needed is not held against the next.
                "restart": {"delaySeconds": 0, "maxAttempts": 10, "windowSeconds": 10},
            },
        )
