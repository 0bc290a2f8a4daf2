"""Beat as its user sees it: it sends, it comes back when it hangs, and there is one of it."""

import json
import signal

from tools.testbed.faults import signal_main
from tools.testbed.kube import Object
from tools.testbed.shop import Shop, celery_deployment

TICKING_AGAIN_WITHIN = 120
ONE_AGAIN_WITHIN = 60
# Longer than the limit of a tick and three failed probes take.
OUTAGE = 80

# The example application with a schedule of its own, in a ConfigMap beside the image.
SCHEDULED = """
from shop.celery import app

app.conf.beat_schedule = {"often": {"task": "shop.tasks.place_order", "schedule": 1.0, "args": (1,)}}
"""


def start(shop: Shop) -> None:
    """A CeleryDeployment whose beat sends a task each second, once it runs."""
    shop.kube.apply(
        shop.namespace,
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "schedule"},
            "data": {"scheduled.py": SCHEDULED},
        },
    )
    shop.apply(
        celery_deployment(
            app="scheduled:app",
            env=[{"name": "PYTHONPATH", "value": "/schedule"}],
            volumes=[{"name": "schedule", "configMap": {"name": "schedule"}}],
            volumeMounts=[{"name": "schedule", "mountPath": "/schedule", "readOnly": True}],
            beat={"enabled": True, "storage": {}},
        )
    )
    shop.wait_ready()
    shop.wait_condition("BeatHealthy", "True", "ticks", timeout=90)


def beats(shop: Shop) -> list[Object]:
    """The pods of beat that are not being deleted."""
    selector = "app.kubernetes.io/instance=shop,app.kubernetes.io/component=beat"
    found = shop.kube.list(shop.namespace, "pods", selector)
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


def restarts(pod: Object) -> int:
    """How often beat's container was started again."""
    statuses = pod["status"].get("containerStatuses", [])
    return sum(status["restartCount"] for status in statuses if status["name"] == "beat")


def done(shop: Shop) -> int:
    """Tasks that the workers have finished, by the ledger that the tasks write themselves."""
    lines = json.loads(shop.redis("-n", "1", "--json", "LRANGE", "shop:ledger", "0", "-1"))
    return sum(json.loads(line)["event"] == "succeeded" for line in lines)


def wait_for_more(shop: Shop, timeout: float = 30) -> None:
    """Wait until the workers have done three more tasks than now."""
    before = done(shop)
    shop.kube.until("tasks that beat sent", lambda: done(shop) >= before + 3, timeout=timeout)


def ticks(shop: Shop) -> bool:
    """Whether beat's own sidecar says that it ticks."""
    pods = beats(shop)
    return len(pods) == 1 and shop.report(pods[0]["metadata"]["name"])["verdict"]["reason"] == "Ticking"


def test_beat_sends_and_a_beat_that_hangs_is_restarted_and_sends_again(shop: Shop) -> None:
    start(shop)
    (pod,) = beats(shop)
    report = shop.report(pod["metadata"]["name"])
    assert (report["role"], report["report"]["entries"]) == ("beat", 1)
    assert shop.kube.execute(shop.namespace, pod["metadata"]["name"], "ls", "/celery-beat", container="beat")
    wait_for_more(shop)
    shop.kube.until("beat runs by the status", lambda: shop.status()["beat"]["state"] == "Running")

    signal_main(pod, "beat", signal.SIGSTOP)

    shop.wait_condition("BeatHealthy", "False", "The kubelet restarts", timeout=60)
    shop.kube.until("a restart", lambda: [restarts(one) for one in beats(shop)] == [1], TICKING_AGAIN_WITHIN)
    shop.kube.until("beat ticks again", lambda: ticks(shop), TICKING_AGAIN_WITHIN)
    shop.wait_condition("BeatHealthy", "True", "ticks")
    assert [one["metadata"]["uid"] for one in beats(shop)] == [pod["metadata"]["uid"]]
    wait_for_more(shop)


def test_a_second_beat_that_a_person_starts_is_removed(shop: Shop) -> None:
    start(shop)
    first = beats(shop)[0]["metadata"]["uid"]

    shop.kube.run("-n", shop.namespace, "scale", "statefulset/shop-beat", "--replicas=2")

    shop.kube.until("one beat desired", lambda: desired(shop) == 1, ONE_AGAIN_WITHIN)
    shop.kube.until("one beat", lambda: len(beats(shop)) == 1, ONE_AGAIN_WITHIN)
    shop.wait_condition("BeatHealthy", "True", "ticks")
    wait_for_more(shop)
    assert beats(shop)[0]["metadata"]["uid"] == first


def test_an_outage_of_the_broker_restarts_no_beat_and_it_sends_again_after_it(shop: Shop) -> None:
    start(shop)
    (before,) = beats(shop)
    name = before["metadata"]["name"]

    shop.stop_redis()
    away_since = shop.report(name)["report"]["written_mono"]
    shop.wait_condition("BrokerReachable", "False", timeout=30)
    shop.kube.until(
        "a long outage",
        lambda: shop.report(name)["report"]["written_mono"] - away_since > OUTAGE,
        timeout=OUTAGE + 30,
        interval=1,
    )
    shop.start_redis()

    wait_for_more(shop, timeout=90)
    (after,) = beats(shop)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert restarts(after) == 0


def desired(shop: Shop) -> int:
    """Replicas that beat's StatefulSet asks for."""
    found = shop.kube.get(shop.namespace, "statefulset", "shop-beat")
    return int(found["spec"]["replicas"]) if found else 0
