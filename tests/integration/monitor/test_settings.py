"""Settings that are saved over REST, tried against real servers, and read by the next start."""

import os
from pathlib import Path
from typing import Any

import pytest
from tools.testbed.servers import RedisServer

from tests.integration.monitor.monitor_process import Monitor, monitor

BROKER = "redis://127.0.0.1:1/0"
_WRITE = "echo CELERY_MONITOR_LOG_LEVEL=debug >$0/settings.env"
# In a namespace of mounts of its own: $0 is the folder.
_FULL = "mount -t tmpfs -o size=64k,mode=700 none $0"
_OWNED_BY_ANOTHER = 'chmod 555 $0 && set -- setpriv --bounding-set=-all --inh-caps=-all "$@"'
_READ_ONLY = "mount --bind $0 $0 && mount -o remount,bind,ro $0"


def setting(running: Monitor, name: str) -> Any:
    return next(one for one in running.get("/settings")["settings"] if one["name"] == name)


def test_what_is_saved_is_in_effect_after_a_restart(tmp_path: Path, redis: RedisServer) -> None:
    file = tmp_path / ".local" / "share" / "celery-monitor" / "settings.env"
    with monitor(tmp_path, "--broker", redis.database(0)) as running:
        backend = redis.database(1)
        values = {"retention_days": "7", "result_backend": backend, "log_level": "debug"}
        status, document = running.send("PUT", "/settings", {"values": values})
        assert status == 200, document
        assert setting(running, "retention_days")["after_restart"] == "7"
        assert running.stop() == 0
        running.start()
        days = setting(running, "retention_days")
        assert (days["value"], days["source"], days["after_restart"]) == ("7", "file", None)
        assert setting(running, "result_backend")["value"] == backend
        assert file.stat().st_mode & 0o777 == 0o600
        audit = running.get("/audit")["entries"]
        assert [(one["identity"], one["action"], one["outcome"]) for one in audit] == [
            ("token", "save_settings", "done")
        ]
        assert backend not in str(audit)


def test_a_server_is_tried_before_it_is_saved(tmp_path: Path, redis: RedisServer) -> None:
    with monitor(tmp_path, "--broker", redis.database(0)) as running:
        for url, ok, sentence in (
            (redis.database(3), True, "answers"),
            ("redis://:planted-secret@127.0.0.1:1/0", False, "Nothing listens"),
            (f"db+sqlite:////{tmp_path}/nowhere/x", False, "does not exist"),
        ):
            status, document = running.send("POST", "/settings/test", {"name": "result_backend", "url": url})
            assert (status, document["ok"]) == (200, ok), document
            assert sentence in document["message"]
            assert "planted" not in str(document)
        assert setting(running, "result_backend")["value"] == ""


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        pytest.param(f"{_FULL} && {_WRITE} && ! cat /dev/zero >$0/rest 2>&-", "disk is full", id="full"),
        pytest.param(f"{_WRITE} && {_READ_ONLY}", "file system is read-only", id="read-only"),
        pytest.param(f"{_WRITE} && {_OWNED_BY_ANOTHER}", "may not write there", id="no permission"),
    ],
)
def test_a_file_that_cannot_be_written_is_as_it_was(tmp_path: Path, script: str, sentence: str) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    running = Monitor(tmp_path, ["--broker", BROKER, "--settings-file", str(folder / "settings.env")])
    namespace = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    shell = ["sh", "-c", f'{script} && exec "$@"', str(folder)]
    running.command = [*namespace, *shell, *running.command]
    try:
        running.start()
        status, document = running.send("PUT", "/settings", {"values": {"retention_days": "7"}})
        assert status == 409, document
        assert "nothing was saved" in document["detail"]
        assert sentence in document["detail"]
        level = setting(running, "log_level")
        assert (level["value"], level["source"], level["after_restart"]) == ("debug", "file", None)
        assert setting(running, "retention_days")["after_restart"] is None
    finally:
        running.kill()
