"""``kubectl celery dead-letter`` on a real API server and a real Redis; the test plays the kubelet.

The kubectl of these tests is the real one for every command but ``exec``, which needs a kubelet. ``exec``
runs the command on this machine, with the environment that the operator gives to the sidecar.
"""

import sys
from pathlib import Path
from typing import Any

import redis as redis_client
from tools.testbed.celery_versions import CELERY_5_7
from tools.testbed.servers import RedisServer

from tests.integration.dead_letters.quarantine import quarantine_on_redis, send
from tests.integration.kubectl.harness import Outcome, Shop

QUEUE = "shop.dead-letter"
EXEC = """#!{python}
import os, subprocess, sys
words = sys.argv[1:]
if "exec" not in words:
    os.execv("{kubectl}", ["kubectl", *words])
assert words[words.index("-c") + 1] == "probe" and "shop-orders-1" in words, words
command = words[words.index("--") + 1:]
assert command[:2] == ["python3", "-m"], command
{before}
os.execve("{python}", ["{python}", *command[1:]], {{**os.environ, "CELERY_BROKER_URL": "{broker}"}})
"""
MISSING = """
sys.stderr.write("/opt/venv/bin/python3: No module named celery_health.dead_letters\\n")
sys.exit("command terminated with exit code 1")
"""


def run(shop: Shop, home: Path, broker: str, *arguments: str, before: str = "") -> Outcome:
    """Run the plugin with a kubectl whose ``exec`` needs no kubelet."""
    program = home / "kubectl"
    program.write_text(
        EXEC.format(python=sys.executable, kubectl=shop.cluster.kubectl, broker=broker, before=before)
    )
    program.chmod(0o755)
    return shop.cluster.plugin("dead-letter", *arguments, "-n", shop.namespace, KUBECTL=str(program))


def add_pod(shop: Shop, name: str = "shop-orders-1") -> None:
    """A running pod as the operator and the kubelet make it."""
    labels = {
        "app.kubernetes.io/instance": "shop",
        "app.kubernetes.io/managed-by": "celery-operator",
        "app.kubernetes.io/component": "worker",
    }
    probe = {"name": "probe", "image": "probe:1", "restartPolicy": "Always"}
    shop.cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": shop.namespace, "labels": labels},
            "spec": {"initContainers": [probe], "containers": [{"name": "worker", "image": "shop:1"}]},
        }
    )
    running = {"name": "probe", "image": "probe:1", "imageID": "", "ready": True, "restartCount": 0}
    status: dict[str, Any] = {
        "phase": "Running",
        "initContainerStatuses": [{**running, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}],
    }
    shop.cluster.set_status("pod", name, shop.namespace, status)


def test_the_commands_work_through_the_sidecar(shop: Shop, redis: RedisServer, tmp_path: Path) -> None:
    add_pod(shop)
    with redis_client.Redis(port=redis.port) as client:
        client.flushall()
        task_id = send(CELERY_5_7, redis.url, tmp_path / "notes", "one")
        raw = quarantine_on_redis(redis, "celery", QUEUE)

        listed = run(shop, tmp_path, redis.url, "shop", "list")
        assert listed.code == 0, listed.err
        assert task_id in listed.out
        shown = run(shop, tmp_path, redis.url, "shop", "show", task_id, "--format", "json")
        assert shown.document["kwargs"] == "{'password': ***}"

        replayed = run(shop, tmp_path, redis.url, "shop", "replay", task_id)
        assert (replayed.code, replayed.out) == (0, f"{task_id} (cli_shop.note): put back into celery.\n")
        assert client.lrange("celery", 0, -1) == [raw]

        unknown = run(shop, tmp_path, redis.url, "shop", "drop", task_id, "--yes")
        assert unknown.code == 3
        assert "The dead-letter queue shop.dead-letter is empty" in unknown.err


def test_what_cannot_be_done_is_said(shop: Shop, redis: RedisServer, tmp_path: Path) -> None:
    without_pod = run(shop, tmp_path, redis.url, "shop", "list")
    assert without_pod.code == 3
    assert "shop has no running pod" in without_pod.err

    misspelt = run(shop, tmp_path, redis.url, "shpo", "list")
    assert misspelt.code == 3
    assert "there is shop" in misspelt.err

    add_pod(shop)
    away = run(shop, tmp_path, "redis://127.0.0.1:1/0", "shop", "list")
    assert away.code == 2
    assert "Nothing listens at redis://127.0.0.1:1/0" in away.err

    older = run(shop, tmp_path, redis.url, "shop", "list", before=MISSING)
    assert older.code == 3
    assert "The sidecar of pod shop-orders-1 is of an older release" in older.err


def test_a_replay_says_which_messages_the_workers_move_again(
    shop: Shop, redis: RedisServer, tmp_path: Path
) -> None:
    add_pod(shop)
    with redis_client.Redis(port=redis.port) as client:
        client.flushall()
        kept, over, other = (send(CELERY_5_7, redis.url, tmp_path / "notes", word) for word in "abc")
        for _ in range(3):
            quarantine_on_redis(redis, "celery", QUEUE)
    until = {kept: "2126-01-01T00:00:00Z", over: "2026-01-01T00:00:00Z"}
    shop.set_status(quarantine=[{"id": one, "name": "shop.hog", "until": until[one]} for one in until])

    for words in ([kept, over], ["--all"]):
        replayed = run(shop, tmp_path, redis.url, "shop", "replay", *words)
        assert replayed.code == 0, replayed.err
        again = f"moves its message to {QUEUE} again.\n"
        warned = f"shop.hog ({kept}) is in quarantine until {until[kept]}: until then, a worker {again}"
        assert replayed.err == warned
    listed = run(shop, tmp_path, redis.url, "shop", "list")
    assert (listed.code, listed.err) == (0, "")
    assert other not in listed.out
