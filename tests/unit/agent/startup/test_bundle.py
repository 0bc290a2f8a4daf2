"""The bundle that an init container puts on the shared volume."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from celery_probe.bundle import AGENT, install
from celery_probe.pod import SITE_FOLDER


def test_an_install_holds_the_entry_the_agent_and_a_folder_writable_by_all(tmp_path: Path) -> None:
    install(tmp_path)
    for script in ("__main__.py", "worker/stop.py"):
        assert (tmp_path / Path(script).name).read_text() == (AGENT / script).read_text()
    site = tmp_path / SITE_FOLDER
    assert [path.name for path in site.iterdir()] == ["sitecustomize.py"]
    agent = tmp_path / "celery_probe" / "agent"
    assert {path.relative_to(agent) for path in agent.rglob("*.py")} == {
        path.relative_to(AGENT) for path in AGENT.rglob("*.py")
    }
    assert (tmp_path / "run").stat().st_mode & 0o7777 == 0o777
    for folder in (site, agent.parent, agent, agent / "worker", agent / "beat"):
        assert folder.stat().st_mode & 0o777 == 0o755


def test_a_second_install_renews_the_sources_and_leaves_what_runs_alone(tmp_path: Path) -> None:
    install(tmp_path)
    (tmp_path / "run" / "drain").touch()
    (tmp_path / "celery_probe" / "agent" / "entry.py").write_text("old")
    install(tmp_path)
    assert (tmp_path / "run" / "drain").exists()
    assert (tmp_path / "celery_probe" / "agent" / "entry.py").read_text() != "old"


def test_a_volume_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        install(tmp_path / "file")


@pytest.mark.parametrize(
    "source", sorted(AGENT.rglob("*.py")), ids=lambda source: str(source.relative_to(AGENT))
)
def test_every_source_of_the_agent_is_python_3_8(source: Path) -> None:
    ast.parse(source.read_text(), feature_version=(3, 8))


def test_the_primitives_are_loaded_without_celery(tmp_path: Path) -> None:
    install(tmp_path)
    check = "import sys, celery_probe.agent.entry; sys.exit(bool({'celery', 'threading'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-S", "-c", check], cwd=tmp_path, check=False)
    assert done.returncode == 0
