"""A CeleryDeployment from apply to delete, as its user sees it."""

import signal

import pytest
from tools.each_python import shipped_python
from tools.testbed.faults import signal_main
from tools.testbed.shop import Shop, celery_deployment, group
from tools.testbed.waiting import BUSY_SECONDS

from celery_operator.api import names
from celery_probe.pod import SIDECAR_CONTAINER
from tests.e2e.conftest import ROOT

RESTARTED_WITHIN = 60 + BUSY_SECONDS


def columns(shop: Shop, *options: str) -> dict[str, str]:
    """``kubectl get celerydeployments shop``, by column heading."""
    printed = shop.kube.run("-n", shop.namespace, "get", "celerydeployments", "shop", *options)
    heading, line = printed.splitlines()
    starts = [heading.index(word) for word in heading.split()]
    ends = [*starts[1:], None]
    return {
        heading[start:end].strip(): line[start:end].strip() for start, end in zip(starts, ends, strict=True)
    }


def restarts(shop: Shop, worker_group: str = "default") -> dict[str, int]:
    """Restarts of the worker container, by pod."""
    return {
        pod["metadata"]["name"]: sum(
            status["restartCount"]
            for status in pod["status"].get("containerStatuses", [])
            + pod["status"].get("initContainerStatuses", [])
        )
        for pod in shop.pods(worker_group)
    }


def test_workers_of_every_group_run_tasks_and_kubectl_get_shows_them(shop: Shop) -> None:
    shop.apply(
        celery_deployment(workers=[group(replicas=2), group("email", pool="threads")], beat={"enabled": True})
    )
    shop.wait_ready()

    assert shop.results(shop.send("shop.tasks.place_order", 7)) == ["order 7 placed"]
    assert shop.results(shop.send("shop.tasks.place_order", 8, queue="email")) == ["order 8 placed"]
    expected = {
        "NAME": "shop", "HEALTH": "Healthy", "READY": "3/3", "BACKLOG": "0", "ACTIVE": "0", "BEAT": "Running",
    }  # fmt: skip
    shop.kube.until("the columns", lambda: columns(shop).items() >= expected.items())
    wide = {"BROKER": "Reachable", "IMAGE": "celery-operator/example:dev"}
    shop.kube.until("the wide columns", lambda: columns(shop, "-o", "wide").items() >= wide.items())


def test_backlog_and_active_show_what_the_queues_and_workers_hold(shop: Shop) -> None:
    shop.apply(celery_deployment(workers=[group(concurrency=2)]))
    shop.wait_ready()

    ids = shop.send("shop.tasks.build_report", 15, count=12)

    def full() -> bool:
        status = shop.status()
        reserved = sum(worker.get("reserved", 0) for worker in status["workers"])
        # There is no backlog while a read of the broker fails.
        backlog = status.get("backlog") or 0
        return bool(status.get("active") == 2 and backlog + reserved + 2 >= 12 - 2)

    shop.kube.until("two active and the rest waiting", full, timeout=30)
    assert shop.status()["queues"][0]["name"] == "default"
    assert len(ids) == 12


def test_kubectl_scale_moves_the_first_group(shop: Shop) -> None:
    shop.apply(celery_deployment(workers=[group(), group("email")]))
    shop.wait_ready()

    shop.kube.run("-n", shop.namespace, "scale", "celerydeployment/shop", "--replicas=3")

    shop.kube.until("three pods", lambda: len(shop.pods("default")) == 3)
    shop.kube.until("4/4", lambda: shop.status().get("ready") == "4/4")
    shop.kube.until("3 replicas in the status", lambda: shop.status()["replicas"] == 3)
    assert len(shop.pods("email")) == 1


def test_a_changed_spec_rolls_with_surge_and_no_unavailable_worker(shop: Shop) -> None:
    shop.apply(celery_deployment(workers=[group(replicas=2)]))
    shop.wait_ready()
    before = {pod["metadata"]["name"] for pod in shop.pods()}

    def available() -> int:
        deployment = shop.kube.get(shop.namespace, "deployment", "shop-default")
        return int((deployment or {})["status"].get("availableReplicas", 0))

    shop.kube.until("two available", lambda: available() == 2)
    shop.change({"env": [{"name": "COLOUR", "value": "green"}]})

    least = 2

    def rolled() -> bool:
        nonlocal least
        least = min(least, available())
        names = {pod["metadata"]["name"] for pod in shop.pods()}
        return len(names) == 2 and not names & before

    shop.kube.until("a new pair of pods", rolled, timeout=90)
    shop.wait_ready()
    assert least == 2


def test_a_group_removed_from_the_spec_goes_and_the_others_stay(shop: Shop) -> None:
    shop.apply(celery_deployment(workers=[group(), group("email")]))
    shop.wait_ready()
    kept = [pod["metadata"]["uid"] for pod in shop.pods("default")]

    shop.change({"workers": [group()]})

    shop.kube.until(
        "the email group gone", lambda: not shop.kube.get(shop.namespace, "deployment", "shop-email") and True
    )
    shop.kube.until("1/1", lambda: shop.status().get("ready") == "1/1")
    assert [pod["metadata"]["uid"] for pod in shop.pods("default")] == kept


def test_deleting_the_resource_removes_every_owned_object(shop: Shop) -> None:
    shop.apply(celery_deployment(beat={"enabled": True}))
    shop.wait_ready()

    shop.kube.run("-n", shop.namespace, "delete", "celerydeployment", "shop", "--wait=true")

    def gone() -> bool:
        kinds = "deployments,serviceaccounts,secrets,pods"
        left = shop.kube.list(shop.namespace, kinds, "app.kubernetes.io/instance=shop")
        return not left

    shop.kube.until("no owned object left", gone, timeout=90)


def test_suspend_stops_the_workers_and_keeps_the_resource(shop: Shop) -> None:
    shop.apply(celery_deployment())
    shop.wait_ready()

    shop.change({"suspend": True})

    shop.kube.until("no pods", lambda: not shop.pods() and True)
    shop.kube.until(
        "Healthy at 0/0", lambda: (s := shop.status())["health"] == "Healthy" and s["ready"] == "0/0"
    )
    shop.change({"suspend": False})
    shop.kube.until("one pod", lambda: len(shop.pods()) == 1)
    shop.wait_ready()


@pytest.mark.parametrize("pool", ["prefork", "threads", "gevent", "eventlet", "solo"])
def test_every_pool_consumes_and_reports(shop: Shop, pool: str) -> None:
    worker = group(pool=pool)
    if pool == "solo":
        del worker["concurrency"]
    shop.apply(celery_deployment(workers=[worker]))
    shop.wait_ready()

    assert shop.results(shop.send("shop.tasks.place_order", 1)) == ["order 1 placed"]
    report = shop.report(shop.pods()[0]["metadata"]["name"])
    assert report["verdict"]["reason"] == "Consuming"
    assert report["report"]["consuming"] is True
    assert report["report"]["pool_kind"] == pool
    assert report["report"]["queues"] == ["default"]


def test_a_frozen_worker_is_restarted_by_the_kubelet_and_no_other_pod_is(shop: Shop) -> None:
    shop.apply(celery_deployment(workers=[group(replicas=2), group("email")]))
    shop.wait_ready()
    victim = shop.pods()[0]
    before = restarts(shop) | restarts(shop, "email")

    signal_main(victim, "worker", signal.SIGSTOP)
    name = victim["metadata"]["name"]
    shop.kube.until(
        "the frozen worker restarted", lambda: restarts(shop)[name] > before[name], timeout=RESTARTED_WITHIN
    )
    shop.kube.until("3/3 again", lambda: shop.status().get("ready") == "3/3")
    after = restarts(shop) | restarts(shop, "email")
    assert after == before | {name: before[name] + 1}


def test_a_drain_that_the_operator_did_not_order_is_taken_back(shop: Shop) -> None:
    shop.apply(celery_deployment())
    shop.wait_ready()
    name = shop.pods()[0]["metadata"]["name"]
    token = shop.kube.run(
        "-n",
        shop.namespace,
        "get",
        "secret",
        "shop-probe",
        "-o",
        "go-template={{.data.token | base64decode}}",
    )

    address = shop.kube.get(shop.namespace, "pod", name)["status"]["podIP"]  # type: ignore[index]
    shop.python(
        "import urllib.request as u; "
        f"u.urlopen(u.Request('http://{address}:9809/drain', method='POST', "
        f"headers={{'Authorization': 'Bearer {token}'}}), timeout=5)"
    )

    def consumes_again() -> bool:
        reported = shop.report(name)
        return reported["drain_requested"] is False and reported["report"]["phase"] == "consuming"

    shop.kube.until("consuming again", consumes_again)
    assert shop.results(shop.send("shop.tasks.place_order", 3)) == ["order 3 placed"]


def test_every_image_runs_the_python_of_the_dockerfile(shop: Shop) -> None:
    """The local images have another base than the released ones: the Python has to be the same."""
    shop.apply(celery_deployment())
    shop.wait_ready()
    worker = f"{shop.namespace}/{shop.pods()[0]['metadata']['name']}"
    images = [(worker, names.WORKER_CONTAINER), (worker, SIDECAR_CONTAINER)]
    images += [("celery-system/deployment/celery-operator", "operator")]

    def version(place: str, container: str) -> str:
        namespace, _, name = place.partition("/")
        ask = ["python3", "-c", "import sys; print(*sys.version_info[:2], sep='.')"]
        return shop.kube.run("-n", namespace, "exec", name, "-c", container, "--", *ask).strip()

    shipped = ".".join(map(str, shipped_python((ROOT / "Dockerfile").read_text())))
    assert {container: version(place, container) for place, container in images} == {
        names.WORKER_CONTAINER: shipped,
        SIDECAR_CONTAINER: shipped,
        "operator": shipped,
    }
