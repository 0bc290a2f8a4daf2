"""Where the soak happens: a shop with three groups, a ledger that no fault touches, and a producer."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.soak.judge import Line
from tools.testbed.kube import Kube, Object
from tools.testbed.shop import BROKER_URL, REDIS_IMAGE, Shop, celery_deployment, group, pod, service

LEDGER_URL = "redis://ledger:6379/0"
LEDGER_KEY = "soak:ledger"
VISIBILITY_SECONDS = 20
"""How soon Redis hands out again what a killed worker held: short, so that a soak comes to rest."""

GROUPS = {"prefork": "prefork", "threads": "threads", "gevent": "gevent"}
REPLICAS = 2
LEDGER_PAGE = 20_000
HERE = Path(__file__).parent
MODULES = "/soak"


def deployment(modules: dict[str, str]) -> Object:
    """Three groups of two workers, with the soak's tasks and the faults mounted beside the application."""
    include = ",".join(sorted(Path(name).stem for name in modules if name != "soak_producer.py"))
    return celery_deployment(
        env=[
            {"name": "PYTHONPATH", "value": MODULES},
            {"name": "SOAK_LEDGER", "value": LEDGER_URL},
            {"name": "SOAK_LEDGER_KEY", "value": LEDGER_KEY},
            {"name": "SHOP_VISIBILITY_TIMEOUT", "value": str(VISIBILITY_SECONDS)},
        ],
        volumes=[{"name": "soak", "configMap": {"name": "soak"}}],
        volumeMounts=[{"name": "soak", "mountPath": MODULES}],
        workers=[
            group(
                name,
                pool=pool,
                replicas=REPLICAS,
                concurrency=4,
                gracePeriodSeconds=30,
                args=[f"--include={include}"],
            )
            for name, pool in GROUPS.items()
        ],
    )


@dataclass(frozen=True, slots=True)
class Market:
    """A namespace made ready for a soak."""

    shop: Shop

    @property
    def kube(self) -> Kube:
        return self.shop.kube

    def start(self, modules: dict[str, str]) -> None:
        """Bring everything up, with these Python modules mounted into workers and toolbox."""
        self.kube.apply(
            self.shop.namespace,
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "soak"}, "data": modules},
            pod("ledger", REDIS_IMAGE, ["redis-server", "--save", "", "--protected-mode", "no"], port=6379),
            service("ledger", 6379),
        )
        self.shop.start()
        self.shop.apply(deployment(modules))
        self.shop.wait_ready(timeout=150)
        for name, text in modules.items():
            self._toolbox("sh", "-c", f"cat > /data/{name}", stdin=text)

    def produce(self, rate: float, seconds: float, seed: int) -> None:
        """Begin to send; ``produced`` says when it is done."""
        environment = (
            f"CELERY_BROKER_URL={BROKER_URL} SOAK_LEDGER={LEDGER_URL} SOAK_LEDGER_KEY={LEDGER_KEY} "
            f"PYTHONPATH=/data:/app SHOP_VISIBILITY_TIMEOUT={VISIBILITY_SECONDS}"
        )
        self._toolbox(
            "sh",
            "-c",
            f"({environment} python /data/soak_producer.py {rate} {seconds} {seed} > /data/produced.new "
            "2> /data/producer.log && mv /data/produced.new /data/produced) > /dev/null 2>&1 < /dev/null &",
        )

    def produced(self) -> int | None:
        """How many tasks were sent; None while it still sends."""
        text = self._toolbox("sh", "-c", "cat /data/produced 2> /dev/null || true").strip()
        return int(text) if text else None

    def waiting(self) -> int:
        """Messages in the queues of all groups and in the hands of workers."""
        lengths = [int(self.shop.redis("LLEN", queue)) for queue in GROUPS]
        return sum(lengths) + int(self.shop.redis("HLEN", "unacked"))

    def lines(self) -> Iterator[Line]:
        """The whole ledger."""
        begin = 0
        while True:
            words = ["LRANGE", LEDGER_KEY, str(begin), str(begin + LEDGER_PAGE - 1)]
            text = self.kube.execute(self.shop.namespace, "ledger", "redis-cli", *words, timeout=120)
            page = [json.loads(line) for line in text.splitlines() if line.strip()]
            yield from (Line(**record) for record in page)
            if len(page) < LEDGER_PAGE:
                return
            begin += LEDGER_PAGE

    def pods(self) -> list[Object]:
        """All worker pods."""
        return [one for name in GROUPS for one in self.shop.pods(name)]

    def _toolbox(self, *words: str, stdin: str | None = None) -> str:
        return self.kube.execute(self.shop.namespace, "toolbox", *words, stdin=stdin)


def own_modules() -> dict[str, str]:
    """The soak's own modules, by file name."""
    return {name: (HERE / name).read_text() for name in ("soak_tasks.py", "soak_producer.py")}
