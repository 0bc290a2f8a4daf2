"""One soak from its begin to its verdict."""

import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tools.soak.judge import Fault, Hit, Outcome, judge
from tools.soak.market import GROUPS, REPLICAS, Market, own_modules
from tools.soak.plan import Kind, Planned, plan
from tools.testbed import faults
from tools.testbed.kube import Object
from tools.testbed.shop import Shop
from tools.testbed.waiting import wait_for

OPERATOR_NAMESPACE = "celery-system"
OPERATOR_SELECTOR = "app.kubernetes.io/name=celery-operator"
REST_SECONDS = 400.0
"""After the last fault everything has to be consuming and done within this. The kubelet alone lets a
container that was killed again and again wait up to 300 s for its next start.
"""


@dataclass
class Soak:
    """The faults of one plan on one market; ``say`` gets a line at each."""

    market: Market
    say: Callable[[str], None]
    made: list[Fault] = field(default_factory=list)

    def run(self, seconds: float, rate: float, seed: int) -> Outcome:
        """Load and faults for ``seconds``, then rest; what became of the tasks."""
        self.market.start({**own_modules(), **faults.modules()})
        self.market.produce(rate, seconds, seed)
        began = time.monotonic()
        for planned in plan(seconds, seed):
            self._await(began + planned.at)
            self._make(planned)
        self._await(began + seconds)
        sent = self._rest()
        outcome = judge(self.market.lines(), self.made)
        self.say(f"{sent} tasks sent, {len(self.made)} faults: {outcome}")
        return outcome

    def _await(self, moment: float) -> None:
        wait_for(
            lambda: time.monotonic() >= moment,
            timeout=max(1.0, moment - time.monotonic() + 5),
            interval=0.2,
            describe="the next fault's time",
        )

    def _rest(self) -> int:
        """Wait until the producer is done, every worker consumes and nothing waits or is held."""
        until, shop = self.market.kube.until, self.market.shop
        whole = f"{REPLICAS * len(GROUPS)}/{REPLICAS * len(GROUPS)}"
        sent = until("the producer's end", self.market.produced, timeout=REST_SECONDS, interval=2)
        until(
            f"{whole} consume",
            lambda: shop.status().get("ready") == whole,
            timeout=REST_SECONDS,
            interval=2,
        )
        until("no message waits", lambda: self.market.waiting() == 0, timeout=REST_SECONDS, interval=2)
        return int(sent)

    def _make(self, planned: Planned) -> None:
        target = self._target(planned)
        self.say(f"{planned.at:6.1f} s  {planned.kind}: {target}")
        began = time.time()
        _MAKERS[planned.kind](self.market.shop, target, planned)
        self.made.append(Fault(planned.kind, planned.kind.hit, target, began, until=time.time()))

    def _target(self, planned: Planned) -> str:
        if planned.kind.hit is Hit.BROKER:
            return "redis"
        if planned.kind.hit is Hit.OPERATOR:
            return "celery-operator"
        names: list[str] = self.market.kube.until(
            f"a worker for: {planned.kind}",
            lambda: sorted(
                pod["metadata"]["name"] for pod in self.market.pods() if _may_be_hit(pod, planned.kind)
            ),
            timeout=REST_SECONDS,
        )
        return names[int(planned.choice * len(names))]


def _may_be_hit(pod: Object, kind: Kind) -> bool:
    """Workers that run; a child can be killed only where there are children."""
    if kind is Kind.KILL_CHILD and pod["metadata"]["labels"]["celery-operator.dev/group"] != "prefork":
        return False
    statuses = pod["status"].get("containerStatuses", [])
    return any(status["name"] == "worker" and "running" in status["state"] for status in statuses)


def _signal_worker(number: signal.Signals) -> Callable[[Shop, str, Planned], None]:
    def make(shop: Shop, target: str, planned: Planned) -> None:
        pod = shop.kube.get(shop.namespace, "pod", target)
        assert pod is not None
        faults.signal_main(pod, "worker", number)

    return make


def _kill_child(shop: Shop, target: str, planned: Planned) -> None:
    # The worker may have been hit shortly before, and have no pool yet.
    children: list[int] = shop.kube.until(
        f"a pool in {target}", lambda: _children(shop, target), timeout=REST_SECONDS
    )
    os.kill(random.Random(planned.choice).choice(children), signal.SIGKILL)


def _children(shop: Shop, target: str) -> list[int]:
    pod = shop.kube.get(shop.namespace, "pod", target)
    return sorted(outer for outer, inner in faults.processes(pod, "worker") if inner != 1) if pod else []


def _deafen(shop: Shop, target: str, planned: Planned) -> None:
    faults.inject(shop, target, "deaf")


def _restart_broker(shop: Shop, target: str, planned: Planned) -> None:
    shop.restart_redis()


def _kill_broker(shop: Shop, target: str, planned: Planned) -> None:
    pod = shop.kube.get(shop.namespace, "pod", "redis")
    assert pod is not None
    # The shell around it is the first process; the server is its child, and comes back by itself.
    servers = [outer for outer, inner in faults.processes(pod, "redis") if inner != 1]
    os.kill(max(servers), signal.SIGKILL)


def _kill_operator(shop: Shop, target: str, planned: Planned) -> None:
    # With the pod: in place, the kubelet would let a container that was killed often wait for minutes.
    selector = f"--selector={OPERATOR_SELECTOR}"
    shop.kube.run(
        "-n", OPERATOR_NAMESPACE, "delete", "pods", selector, "--grace-period=0", "--force", "--wait=false"
    )


_MAKERS: Mapping[Kind, Callable[[Shop, str, Planned], None]] = {
    Kind.KILL_WORKER: _signal_worker(signal.SIGKILL),
    Kind.STOP_WORKER: _signal_worker(signal.SIGSTOP),
    Kind.KILL_CHILD: _kill_child,
    Kind.DEAFEN: _deafen,
    Kind.RESTART_BROKER: _restart_broker,
    Kind.KILL_BROKER: _kill_broker,
    Kind.KILL_OPERATOR: _kill_operator,
}
