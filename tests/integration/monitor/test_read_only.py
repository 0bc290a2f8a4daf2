"""The monitor on a read-only file system, as in its pod and with `docker run --read-only`."""

import os
from pathlib import Path

from tests.integration.monitor.monitor_process import Monitor

# In a mount namespace of its own, where everything but one folder is read-only.
_SCRIPT = 'mount --bind "$0" "$0" && mount -o remount,bind,ro / && cd "$0" && exec "$@"'


def test_it_writes_its_data_folder_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    options = ["--broker", "redis://127.0.0.1:1/0", "--database", f"sqlite:///{data}/history.sqlite3"]
    running = Monitor(tmp_path / "home", options)
    namespace = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    running.command = [*namespace, "sh", "-c", _SCRIPT, str(data), *running.command]
    try:
        running.start()
        assert running.request("/healthz", None)[0] == 200
        assert running.get("/tasks")["tasks"] == []
        assert (data / "history.sqlite3").exists()
        assert running.stop() == 0
    finally:
        running.kill()
    # The test's own log is beside it.
    assert [file.name for file in (tmp_path / "home").iterdir()] == ["monitor.log"]
    assert "Read-only" not in running.text()
    assert "Traceback" not in running.text()
