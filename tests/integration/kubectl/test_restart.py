"""``kubectl celery restart`` on a real API server, through the real kubectl."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tools.testbed.waiting import wait_for

from celery_operator.api import names
from tests.integration.kubectl.harness import PLUGIN, Outcome, Shop
from tests.integration.kubectl.statuses import CONDITION


def test_restart_annotates_the_resource_or_the_groups_given(shop: Shop) -> None:
    everything = shop.run("restart", "shop")
    assert (everything.code, everything.out) == (0, "shop: requested a restart of all groups and beat.\n")
    assert shop.annotations().keys() == {names.ANNOTATION_RESTARTED_AT}
    first = shop.annotations()[names.ANNOTATION_RESTARTED_AT]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first)

    some = shop.run("restart", "shop", "--group", "orders", "--group", "background")
    assert some.out == "shop: requested a restart of groups orders and background.\n"
    assert shop.annotations().keys() == {
        names.ANNOTATION_RESTARTED_AT,
        f"{names.ANNOTATION_RESTARTED_AT}.orders",
        f"{names.ANNOTATION_RESTARTED_AT}.background",
    }
    assert shop.annotations()[names.ANNOTATION_RESTARTED_AT] == first


def test_an_unknown_group_is_reported_with_the_existing_groups(shop: Shop) -> None:
    outcome = shop.run("restart", "shop", "--group", "beat")

    assert outcome.code == 3
    assert "shop has no worker group 'beat': there are orders and background." in outcome.err
    assert "leave out --group" in outcome.err
    assert shop.annotations() == {}


def test_restart_waits_until_every_pod_is_new(shop: Shop) -> None:
    shop.deployment("orders", "worker", replicas=2)
    shop.deployment("background", "worker", replicas=1)
    with _started(shop, "restart", "shop", "--wait") as plugin:
        wait_for(shop.annotations, 30, "the annotation")
        _wait_for_line(plugin, "orders: waiting for the operator")
        _wait_for_line(plugin, "beat: does not exist yet")
        shop.deployment("beat", "beat", replicas=1)
        for part in ("background", "beat"):
            shop.roll_out(part, updated=1)
        shop.roll_out("orders", updated=1)
        _wait_for_line(plugin, "orders: 1 of 2 pods is new")
        shop.roll_out("orders", updated=2, available=1)
        _wait_for_line(plugin, "orders: 2 of 2 pods are new")
        shop.roll_out("orders", updated=2)
        _wait_for_line(plugin, "orders: all pods are new")

        assert plugin.wait(30) == 0


def test_a_restart_that_takes_too_long_shows_the_obstacle(shop: Shop) -> None:
    shop.deployment("orders", "worker", replicas=2)
    stalled = {**CONDITION, "type": "Stalled", "status": "True", "message": "The image cannot be pulled."}
    shop.set_status(health="Unhealthy", conditions=[stalled])

    outcome: Outcome = shop.run("restart", "shop", "--group", "orders", "--wait", "--timeout", "2")

    assert outcome.code == 2
    assert "shop is stalled: The image cannot be pulled." in outcome.out
    assert outcome.err == "Not done after 2 s. The rollout continues.\n"


def test_ctrl_c_ends_the_wait_and_not_the_restart(shop: Shop) -> None:
    shop.deployment("orders", "worker", replicas=2)
    with _started(shop, "restart", "shop", "--group", "orders", "--wait") as plugin:
        _wait_for_line(plugin, "orders: waiting for the operator")
        # As a terminal does it: kubectl, if it runs just then, gets the signal too.
        os.killpg(plugin.pid, signal.SIGINT)

        _wait_for_line(plugin, f"kubectl celery status shop -n {shop.namespace}")
        assert plugin.wait(30) == 130


@contextmanager
def _started(shop: Shop, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    plugin = subprocess.Popen(
        [str(PLUGIN), *arguments, "-n", shop.namespace],
        env={**shop.cluster.environment(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with plugin:
        try:
            yield plugin
        finally:
            plugin.kill()


def _wait_for_line(plugin: "subprocess.Popen[str]", words: str) -> None:
    """Read on to a line with these words, within the test's own time limit."""
    assert plugin.stdout is not None
    end = time.monotonic() + 60
    for line in plugin.stdout:
        if words in line:
            return
        assert time.monotonic() < end
    raise AssertionError(f"it ended without {words!r}")
