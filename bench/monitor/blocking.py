"""How long one step of the monitor's event loop takes while it answers each route of the API."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from tests.integration.monitor.monitor_process import API
from tools.testbed.servers import redis_server

from bench.errors import BenchError
from bench.monitor.programs import environment
from bench.programs import ROOT
from bench.report import Figure, Finding, Table

_MOST_MS = 20
_LIMIT_SECONDS = 1_800


def _routes() -> list[str]:
    lists: tuple[dict[str, str | int], ...] = (
        {},
        {"q": "state:failure"},
        {"q": "arg:42"},
        {"q": "EUR", "count": "true"},
        {"sort": "-runtime"},
        {"sort": "name", "q": "state:failure"},
    )
    return [
        "/healthz",
        "/readyz",
        "/metrics",
        f"{API}/stats?since=24h",
        *(f"{API}/tasks?{urlencode({'limit': 1_000, **query})}" for query in lists),
        f"{API}/tasks/names?since=1h",
        f"{API}/tasks/names?since=24h",
        f"{API}/failures?since=24h&limit=1000",
        f"{API}/series?since=24h&points=1000",
        f"{API}/series?since=24h&name=shop.mail.a&queue=default",
        *(f"{API}/{name}" for name in ("audit", "workers", "queues", "schedule", "openapi.json")),
        f"{API}/export?format=csv&q=state:failure",
        f"{API}/export?format=ndjson&q=state:failure",
        "/api/tasks?limit=1000",
        "/api/workers",
    ]


def measure(database: str, place: str) -> Sequence[Finding]:
    """Ask for every route once it is warm, with a history that is there already."""
    with (
        tempfile.TemporaryDirectory(prefix="celery-bench-") as name,
        redis_server(Path(name) / "redis") as redis,
    ):
        routes = Path(name) / "routes"
        routes.write_text("\n".join(_routes()))
        command = [sys.executable, "-m", "bench.monitor.watched", str(routes)]
        command += ["--broker", redis.url, "--database", database]
        command += ["--retention-days", "none", "--retention-tasks", "none"]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**environment(), "HOME": name},
            capture_output=True,
            text=True,
            timeout=_LIMIT_SECONDS,
            check=False,
        )
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    if len(found) < len(_routes()):
        raise BenchError(f"The monitor did not answer every route:\n{done.stderr[-2000:]}")
    found.sort(key=lambda one: -one[1])
    rows = [
        (route, f"{step:.1f}", f"{seconds:.2f}", f"{size / 1000:,.0f}")
        for route, step, seconds, size in found
    ]
    return [
        Figure(
            f"longest step of the event loop in an answer, {place}",
            found[0][1],
            "ms",
            at_most=_MOST_MS,
            how=f"CPU time; {found[0][0]}",
        ),
        Table((f"route, {place}", "longest step, ms of CPU", "answer s", "kB"), rows),
    ]
