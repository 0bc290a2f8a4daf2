"""``examples/systemd``: units that systemd accepts, whose commands exist. test_run.py tests the watchdog."""

import subprocess
from pathlib import Path

import pytest

from tests.integration.without_kubernetes.harness import EXAMPLES, PROGRAMS

UNITS = sorted((EXAMPLES / "systemd").glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_accepts_the_unit(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text()
    assert "Type=notify\n" in text
    assert "WatchdogSec=60\n" in text
    # The paths are those of a reader's machine: here the programs of this checkout stand for them.
    here = tmp_path / unit.name
    here.write_text(text.replace("/srv/shop/.venv/bin", str(PROGRAMS)).replace("/srv/shop", str(tmp_path)))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(here)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = [line for line in (done.stdout + done.stderr).splitlines() if unit.name in line]
    assert (done.returncode, found) == (0, [])
