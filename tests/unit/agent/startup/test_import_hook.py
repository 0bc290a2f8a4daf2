"""The agent by PYTHONPATH: every Python process of the container prepares it, and only a worker starts it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from celery_probe.bundle import install
from celery_probe.pod import SITE_FOLDER

HIDDEN = "import sys; sys.hidden = [*getattr(sys, 'hidden', []), __name__]"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    install(tmp_path / "probe")
    return tmp_path / "probe"


def printed(code: str, *path: Path) -> subprocess.CompletedProcess[str]:
    """What a Python process without an installed environment prints."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, path))},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_process_without_a_worker_imports_hardly_anything(bundle: Path) -> None:
    code = "import sys; print(*sorted({'celery', 'json', 'typing', 'pathlib', 'threading'} & {*sys.modules}))"
    without = printed(code)
    done = printed(code, bundle / SITE_FOLDER)
    assert (done.stdout, done.stderr) == (without.stdout, "")


def test_the_bundle_does_not_stay_on_the_path_of_modules(bundle: Path) -> None:
    done = printed("import sys; print(*sys.path, sep='\\n')", bundle / SITE_FOLDER)
    assert str(bundle) not in done.stdout.splitlines()


def test_the_sitecustomize_that_is_hidden_runs_as_python_runs_it(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HIDDEN)
    code = "import sys; print(*sys.hidden, sys.modules['sitecustomize'].__file__)"
    done = printed(code, bundle / SITE_FOLDER, tmp_path)
    assert (done.stdout.split(), done.stderr) == (
        ["sitecustomize", str(tmp_path / "sitecustomize.py")],
        "",
    )


def test_a_tracer_whose_sitecustomize_runs_the_next_one_is_not_run_again(
    bundle: Path, tmp_path: Path
) -> None:
    site = bundle / SITE_FOLDER
    tracer = f"import runpy; runpy.run_path({str(site / 'sitecustomize.py')!r})"
    (tmp_path / "sitecustomize.py").write_text(f"{HIDDEN}\n{tracer}")
    for path in ((tmp_path, site), (site, tmp_path)):
        done = printed("import sys; print(*sys.hidden)", *path)
        assert (done.stdout, done.stderr) == ("sitecustomize\n", "")


def test_a_bundle_that_is_not_whole_leaves_the_process_alone_and_says_so(bundle: Path) -> None:
    (bundle / "celery_probe" / "agent" / "natives.py").unlink()
    done = printed("print('works')", bundle / SITE_FOLDER)
    assert done.stdout == "works\n"
    assert done.stderr == "celery-probe: no agent in this process: ImportError\n"


def test_what_follows_the_import_of_a_module_runs_once_and_after_it(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "watched.py").write_text("print('module')")
    code = (
        "import sys; from celery_probe.agent.import_hook import AfterImport;"
        "sys.meta_path.insert(0, AfterImport('watched', lambda: print('then')));"
        "import watched; del sys.modules['watched']; import watched"
    )
    done = printed(code, bundle, tmp_path)
    assert (done.stdout.split(), done.stderr) == (["module", "then", "module"], "")


def test_a_finder_from_before_python_3_4_is_passed_over_as_python_does(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "watched.py").write_text("print('module')")
    code = (
        "import sys; from celery_probe.agent.import_hook import AfterImport;"
        "sys.meta_path.insert(0, type('Old', (), {'find_module': lambda *_: None})());"
        "sys.meta_path.insert(0, AfterImport('watched', lambda: print('then')));"
        "import watched"
    )
    done = printed(code, bundle, tmp_path)
    assert (done.stdout.split(), done.stderr) == (["module", "then"], "")


def test_a_module_that_does_not_exist_is_an_import_error_as_ever(bundle: Path) -> None:
    code = (
        "import sys; from celery_probe.agent.import_hook import AfterImport;"
        "sys.meta_path.insert(0, AfterImport('watched', lambda: print('then')));"
        "import watched"
    )
    assert "No module named 'watched'" in printed(code, bundle).stderr
