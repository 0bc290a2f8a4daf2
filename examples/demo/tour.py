"""What the demo shows, one part after another."""

import json

from examples.demo.kubectl import NAMESPACE, Kubectl, KubectlError
from examples.demo.screen import DemoError, heading, say, wait
from examples.demo.shop import Shop, Worker

GROUP = "orders"
IN_REDIS = ("exec", "-n", NAMESPACE, "deploy/redis", "--", "sh", "-c")
GET = ("get", "celerydeployments", "-n", NAMESPACE)


def run(kubectl: Kubectl) -> None:
    """The whole tour. A second one goes on with what the first left."""
    shop = Shop(kubectl)
    start(shop)
    scale(shop)
    lose_a_worker(shop)
    lose_the_broker(shop)


def check_cluster(kubectl: Kubectl) -> None:
    """Is there a cluster, and the operator in it?"""
    try:
        kubectl.run("get", "--raw", "/readyz", timeout=20)
    except KubectlError as error:
        raise DemoError(f"The cluster does not answer: `make demo` starts one. {error}") from None
    try:
        kubectl.run("get", "crd", "celerydeployments.celery-operator.dev")
    except KubectlError as error:
        raise DemoError(f"The operator is not installed: `make demo` does that. {error}") from None


def start(shop: Shop) -> None:
    """Namespace, Redis, workers, load."""
    heading("A shop with two groups of workers")
    say("   A namespace that enforces Pod Security `restricted`, a Redis, and one CeleryDeployment:")
    shop.kubectl.run("apply", "-f", "-", stdin=json.dumps(namespace()))
    shop.apply("redis.yaml")
    wait("Redis is there", lambda: available(shop.kubectl, "redis"), seconds=120)
    shop.apply("celerydeployment.yaml")
    shop.wait_healthy("all workers take tasks")
    shop.kubectl.show(*GET)
    shop.kubectl.show("get", "pods", "-n", NAMESPACE)

    heading("Load: five tasks a second, of which some fail and some are retried")
    shop.apply("producer.yaml")
    wait("the producer is there", lambda: available(shop.kubectl, "producer"), seconds=120)
    shop.wait_for_tasks(20, seconds=90)
    shop.show_ledger()


def scale(shop: Shop) -> None:
    """`kubectl scale` moves the first group."""
    heading("One more worker")
    shop.kubectl.show("scale", "celerydeployment", "shop", "-n", NAMESPACE, "--replicas=3")

    def three() -> list[Worker] | None:
        workers = shop.workers(GROUP)
        return workers if len(workers) == 3 and all(worker.ready for worker in workers) else None

    wait("three workers of the first group take tasks", three, seconds=90, detail=shop.health)
    shop.wait_healthy("the CeleryDeployment says so")
    shop.kubectl.show(*GET)


def lose_a_worker(shop: Shop) -> None:
    """Make a worker's main process end at once, tasks and all."""
    heading("A worker dies")
    victim = min(shop.workers(GROUP), key=lambda worker: worker.restarts)
    say(f"   The main process of {victim.name} gets SIGQUIT: Celery ends without finishing its tasks.")
    shop.kubectl.show("exec", "-n", NAMESPACE, victim.name, "-c", "worker", "--", "sh", "-c", "kill -QUIT 1")

    def back() -> Worker | None:
        for worker in shop.workers(GROUP):
            if worker.name == victim.name and worker.restarts > victim.restarts and worker.ready:
                return worker
        return None

    wait("its container was restarted and takes tasks again", back, seconds=90, detail=shop.health)
    shop.kubectl.show("get", "pod", victim.name, "-n", NAMESPACE)
    shop.wait_for_tasks(20, seconds=90)
    shop.show_ledger()
    say("   What the worker had taken comes back after the visibility timeout, a minute here, when a worker")
    say("   checks for it, which each does every 100 s. While that is overdue the shop is Degraded.")


def lose_the_broker(shop: Shop) -> None:
    """Redis goes away for a while: reported at once, and nothing is restarted for it."""
    heading("The broker goes away")
    killed = shop.probe_kills()
    before = {worker.name: worker.restarts for worker in shop.workers()}
    shop.kubectl.show(*IN_REDIS, "touch /data/away; (sleep 1; redis-cli shutdown) > /dev/null 2>&1 &")
    try:
        message = shop.wait_for("BrokerReachable", "False", "the outage is seen", seconds=60)
        say(f"   BrokerReachable is False: {message}")
        shop.kubectl.show(*GET)
        if shop.probe_kills() != killed:
            raise DemoError("A worker was killed for an outage of the broker.")
        say("   No worker is killed for it.")
    finally:
        say("   Redis comes back:")
        wait("Redis is there", lambda: bring_back_redis(shop.kubectl), seconds=60)
    shop.wait_healthy("all workers take tasks again", seconds=240)
    shop.kubectl.show(*GET)
    for worker in shop.workers():
        if worker.restarts > before.get(worker.name, worker.restarts):
            say(f"   Celery's own reconnect failed in {worker.name}, and Kubernetes started it again:")
            say(f"   $ kubectl logs -n {NAMESPACE} {worker.name} -c worker --previous")
    shop.wait_for_tasks(20, seconds=90)
    shop.show_ledger()


def bring_back_redis(kubectl: Kubectl) -> bool | None:
    """End the outage; None while its container cannot be asked or Redis does not serve yet."""
    try:
        kubectl.run(*IN_REDIS, "rm -f /data/away; redis-cli ping")
    except KubectlError:
        return None
    return True


def namespace() -> dict[str, object]:
    """The demo's namespace, as strict as production's."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    }


def available(kubectl: Kubectl, deployment: str) -> bool | None:
    """True once a Deployment has its pod, None before."""
    found = kubectl.json("get", "deployment", deployment, "-n", NAMESPACE)
    up_to_date = found["status"].get("observedGeneration") == found["metadata"]["generation"]
    return (up_to_date and found["status"].get("availableReplicas", 0) >= 1) or None
