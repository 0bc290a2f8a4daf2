"""``kubectl celery`` beside a real operator: what a person types and sees."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tools.testbed.shop import Shop, celery_deployment, group

PLUGIN = Path(sys.executable).with_name("kubectl-celery")


def kubectl_celery(shop: Shop, *arguments: str, timeout: float = 200) -> tuple[int, str]:
    """Run it as kubectl does, found on PATH by its name; gives the exit code and all that it printed."""
    path = f"{PLUGIN.parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [str(shop.kube.kubectl), "celery", *arguments, "--namespace", shop.namespace],
        env={
            **os.environ,
            "PATH": path,
            "KUBECTL": str(shop.kube.kubectl),
            "KUBECONFIG": str(shop.kube.kubeconfig),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    return done.returncode, done.stdout


def names(shop: Shop, worker_group: str) -> set[str]:
    return {pod["metadata"]["name"] for pod in shop.pods(worker_group)}


def test_a_person_sees_pauses_and_restarts_a_fleet(shop: Shop) -> None:
    groups = [group(), group("mail")]
    shop.apply(celery_deployment(workers=groups, beat={"enabled": True}))
    shop.wait_ready()
    shop.kube.until(
        "the fleet is healthy and beat runs",
        lambda: (status := shop.status()).get("health") == "Healthy" and status["beat"]["state"] == "Running",
        timeout=90,
        interval=0.5,
    )

    code, output = kubectl_celery(shop, "status", "shop")
    assert code == 0, output
    assert output.startswith("shop  Healthy  2/2 workers consuming")
    assert "beat Running" in output

    assert kubectl_celery(shop, "pause", "shop")[0] == 0
    shop.kube.until(
        "the operator knows of the pause",
        lambda: shop.status().get("restarts", {}).get("paused"),
        timeout=30,
    )
    code, output = kubectl_celery(shop, "status", "shop", "-o", "json")
    assert json.loads(output)["healingPaused"] is True
    assert kubectl_celery(shop, "resume", "shop")[0] == 0

    others, before = names(shop, "default"), names(shop, "mail")
    code, output = kubectl_celery(shop, "restart", "shop", "--group", "mail", "--wait", "--timeout", "150")
    assert code == 0, output
    assert "mail: all pods are new" in output
    assert names(shop, "mail").isdisjoint(before)
    assert names(shop, "default") == others


def test_a_restart_of_all_takes_beat_with_it(shop: Shop) -> None:
    shop.apply(celery_deployment(beat={"enabled": True}))
    shop.wait_ready()
    before = names(shop, "default")

    code, output = kubectl_celery(shop, "restart", "shop", "--wait", "--timeout", "150")

    assert code == 0, output
    assert "beat: all pods are new" in output
    assert names(shop, "default").isdisjoint(before)
