"""Where scaling is tried: a shop whose tasks write a ledger that nothing hurts, and a sender beside it."""

import json
import os
import shlex
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tools.scale_soak.judge import Outcome, judge
from tools.scale_soak.scaling_orders import Order
from tools.scale_soak.watch import attempted
from tools.soak.judge import Line
from tools.soak.market import LEDGER_KEY, LEDGER_URL, Market
from tools.soak.market import own_modules as soak_modules
from tools.testbed.diagnostics import describe_namespace
from tools.testbed.kube import Kube, Object
from tools.testbed.shop import BROKER_URL, REDIS_IMAGE, Shop, celery_deployment, group, pod, service
from tools.testbed.waiting import wait_for

MODULES = "/scaling"
IN_TOOLBOX = "/data"
HERE = Path(__file__).parent
UNPACK = (
    "import json, pathlib, sys\n"
    "for name, text in json.load(sys.stdin).items(): pathlib.Path(sys.argv[1], name).write_text(text)"
)
SEND_SECONDS = 90.0
READ_SECONDS = 2.0
"""Between two reads of the ledger, each of which reads all of it."""
ASIDE_DATABASE = 5
"""A database that no worker reads."""


def modules() -> dict[str, str]:
    """What workers and sender load beside the application, by file name."""
    own = {name: (HERE / name).read_text() for name in ("scaling_orders.py", "scaling_producer.py")}
    return {
        "soak_tasks.py": soak_modules()["soak_tasks.py"],
        "quorum_shop.py": (HERE / "quorum_shop.py").read_text(),
        **own,
    }


def scaled(name: str = "default", *, least: int = 0, most: int, **rules: Any) -> Object:
    """A worker group of two slots a pod that follows its load; more fields of ``autoscaling`` by name."""
    return group(name, autoscaling={"minReplicas": least, "maxReplicas": most, **rules})


@dataclass(frozen=True, slots=True)
class Stand:
    """A namespace made ready. ``include``: modules that the sender loads too.

    ``visibility``: seconds after which Redis hands out again what was taken and not acknowledged. Nothing is
    to be found again that way: by default it takes far longer than a test.
    """

    shop: Shop
    broker: str = BROKER_URL
    include: str = ""
    visibility: int = 3600

    @property
    def kube(self) -> Kube:
        """The cluster."""
        return self.shop.kube

    def start(self) -> None:
        """Bring up Redis, the ledger and the toolbox, and mount the modules."""
        mounted = modules()
        self.kube.apply(
            self.shop.namespace,
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "scaling"}, "data": mounted},
            pod("ledger", REDIS_IMAGE, ["redis-server", "--save", "", "--protected-mode", "no"], port=6379),
            service("ledger", 6379),
        )
        self.shop.start()
        self.kube.run(
            "-n", self.shop.namespace, "wait", "--for=condition=Ready", "pod/ledger", "--timeout=150s",
            timeout=160,
        )  # fmt: skip
        self._toolbox("python", "-c", UNPACK, IN_TOOLBOX, stdin=json.dumps(mounted))

    def deploy(self, *workers: Object, name: str = "shop", **spec: Any) -> None:
        """Apply a CeleryDeployment whose workers know the tasks that write the ledger."""
        self.shop.apply(
            celery_deployment(
                name,
                workers=[
                    {**worker, "args": [*worker.get("args", []), "--include=soak_tasks"]}
                    for worker in workers
                ],
                broker={"url": self.broker},
                env=[
                    {"name": "PYTHONPATH", "value": MODULES},
                    {"name": "SOAK_LEDGER", "value": LEDGER_URL},
                    {"name": "SOAK_LEDGER_KEY", "value": LEDGER_KEY},
                    {"name": "SHOP_VISIBILITY_TIMEOUT", "value": str(self.visibility)},
                ],
                volumes=[{"name": "scaling", "configMap": {"name": "scaling"}}],
                volumeMounts=[{"name": "scaling", "mountPath": MODULES}],
                **spec,
            )
        )

    def send(self, orders: Sequence[Order]) -> None:
        """Send these tasks, one by one; all are sent when it returns."""
        self._produce(self.broker, orders, "send")

    def drop(self, orders: Sequence[Order]) -> float:
        """Let these tasks arrive all at one moment, on Redis; gives that moment by the cluster's clock."""
        aside, _, database = self.broker.rpartition("/")
        return float(self._produce(f"{aside}/{ASIDE_DATABASE}", orders, "drop", database))

    def begin_stream(self, queue: str, *, rate: float, wave: float, longest: float, seed: int) -> None:
        """Begin to send tasks to a queue without end."""
        words = [*map(str, (rate, wave, longest, seed)), queue, f"{IN_TOOLBOX}/stop-{queue}"]
        command = shlex.join([*self._producer(self.broker), "stream", *words])
        file = f"{IN_TOOLBOX}/stream-{queue}"
        self._toolbox(
            "sh",
            "-c",
            f"({command} > {file}.new 2> {file}.log && mv {file}.new {file}) > /dev/null 2>&1 < /dev/null &",
        )

    def end_stream(self, queue: str) -> int:
        """Let the sender end; how many tasks it sent."""
        self._toolbox("touch", f"{IN_TOOLBOX}/stop-{queue}")
        file = f"{IN_TOOLBOX}/stream-{queue}"
        sent = self.kube.until(
            f"the sender of {queue} ends; its last words are in {file}.log of the toolbox",
            lambda: self._toolbox("sh", "-c", f"cat {file} 2> /dev/null || true").strip(),
        )
        return int(sent)

    def lines(self) -> list[Line]:
        """The whole ledger."""
        return list(Market(self.shop).lines())

    def forget(self) -> None:
        """Begin a new ledger."""
        self._ledger("DEL", LEDGER_KEY)

    def wait_done(self, timeout: float) -> None:
        """Wait until every task that was sent has ended."""
        self._wait(lambda: not judge(self.lines()).lost, timeout, "not every task ended")

    def outcome(self, timeout: float = 60) -> Outcome:
        """What became of every task, once all have ended, and the broker holds no message."""
        self.wait_done(timeout)
        self._wait(self._holds_nothing, timeout, "messages are left")
        return judge(self.lines())

    def _wait(self, reached: Callable[[], bool], timeout: float, else_what: str) -> None:
        wait_for(
            lambda: attempted(reached),
            timeout,
            lambda: f"{else_what}: {judge(self.lines())}",
            interval=READ_SECONDS,
        )

    def _holds_nothing(self) -> bool:
        """Whether no message waits or is held: kombu's lists are gone when they are empty."""
        if not self.broker.startswith("redis"):
            return self.shop.status().get("backlog") == 0
        resources = self.kube.list(self.shop.namespace, "celerydeployments")
        queues = {name for one in resources for worker in one["spec"]["workers"] for name in worker["queues"]}
        keys = self.shop.redis("KEYS", "*").split()
        return not [key for key in keys if key == "unacked" or key.partition("\x06")[0] in queues]

    def _producer(self, broker: str) -> list[str]:
        return [
            "env",
            f"CELERY_BROKER_URL={broker}",
            f"SOAK_LEDGER={LEDGER_URL}",
            f"SOAK_LEDGER_KEY={LEDGER_KEY}",
            f"SCALING_INCLUDE={self.include}",
            f"SHOP_VISIBILITY_TIMEOUT={self.visibility}",
            f"PYTHONPATH={IN_TOOLBOX}:/app",
            "python",
            f"{IN_TOOLBOX}/scaling_producer.py",
        ]

    def _produce(self, broker: str, orders: Iterable[Order], *words: str) -> str:
        text = json.dumps([asdict(order) for order in orders])
        return self._toolbox(*self._producer(broker), *words, stdin=text, timeout=SEND_SECONDS)

    def _toolbox(self, *words: str, stdin: str | None = None, timeout: float = 60) -> str:
        return self.kube.execute(self.shop.namespace, "toolbox", *words, stdin=stdin, timeout=timeout)

    def _ledger(self, *command: str) -> str:
        return self.kube.execute(self.shop.namespace, "ledger", "redis-cli", *command)


@contextmanager
def own_stand(prefix: str, *, keep: bool) -> Iterator[Stand]:
    """A stand on the cluster of $KUBECONFIG, gone afterwards; what is in it is printed if the block fails."""
    kube = Kube(kubectl=Path(os.environ["KUBECTL"]), kubeconfig=Path(os.environ["KUBECONFIG"]))
    namespace = f"{prefix}-{uuid.uuid4().hex[:6]}"
    kube.run("create", "namespace", namespace)
    try:
        kube.run("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
        stand = Stand(Shop(kube, namespace))
        stand.start()
        yield stand
    except AssertionError:
        print(describe_namespace(kube, namespace), file=sys.stderr)
        raise
    finally:
        if not keep:
            kube.run("delete", "namespace", namespace, "--wait=false")
