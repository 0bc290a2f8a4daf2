"""``python -m bench``: measure, print, and write the figures into a page if asked to."""

import argparse
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench import (
    agent_cost,
    alerts_cost,
    apply_to_ready,
    broker_commands,
    decide_cost,
    healing_time,
    operator_idle,
    probe_cost,
    task_metrics_cost,
)
from bench.errors import BenchError
from bench.monitor import capacity, latency
from bench.monitor import part as monitor
from bench.monitor.history import part as history
from bench.monitor.page import part as monitor_page
from bench.monitor.websocket import part as websocket
from bench.report import (
    Figure,
    Finding,
    Met,
    as_text,
    circumstances,
    draw,
    has_place,
    require_place,
    rewrite_figures,
    say,
)
from bench.scale import part as scale
from bench.scaling import part as scaling

PARTS: Mapping[str, Callable[[bool], Sequence[Finding]]] = {
    "probe": probe_cost.measure,
    "agent": agent_cost.measure,
    "apply": apply_to_ready.measure,
    "idle": operator_idle.measure,
    "scale": scale.measure,
    "decide": decide_cost.measure,
    "commands": broker_commands.measure,
    "healing": healing_time.measure,
    "scaling": scaling.measure,
    "monitor": monitor.measure,
    "monitor-latency": latency.measure,
    "monitor-capacity": capacity.measure,
    "monitor-history": history.measure,
    "websocket": websocket.measure,
    "page": monitor_page.measure,
    "task-metrics": task_metrics_cost.measure,
    "alerts": alerts_cost.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """0: all is measured; 1: a target is missed, with --check; 2: something could not be measured."""
    options = _options(arguments)
    failures = []
    missed = False
    for part in _parts(options.part, options.markdown):
        say(f"Measuring: {part}")
        when = circumstances()
        try:
            if options.markdown:
                require_place(options.markdown, part)
            findings = PARTS[part](options.quick)
            print(f"\n{part}: {when}\n{as_text(findings)}\n", flush=True)
            if options.markdown:
                rewrite_figures(options.markdown, part, when, findings)
                draw(findings, options.markdown)
        except (BenchError, AssertionError, subprocess.TimeoutExpired) as error:
            failures.append(f"{part}: {error}")
            continue
        missed = missed or any(found.met is Met.NO for found in findings if isinstance(found, Figure))
    for failure in failures:
        say(f"Not measured: {failure}")
    return 2 if failures else int(options.check and missed)


def _parts(asked: str, page: Path | None) -> list[str]:
    """What to measure; "all" for a page are those that have a place there."""
    if asked != "all":
        return [asked]
    return [part for part in PARTS if page is None or has_place(page, part)]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures what the product costs. probe, agent, websocket, page and the parts of the "
        "monitor need redis-server on this machine, the monitor also PostgreSQL, monitor-capacity RabbitMQ, "
        "and page Chromium; scale needs redis-server and what `make bench-scale` builds; alerts, decide, "
        "scaling and task-metrics need nothing; the others need a cluster with the operator, and root on its "
        "node: see docs/reference/performance.md and docs/reference/scaling-simulator.md.",
    )
    parser.add_argument("part", nargs="?", choices=[*PARTS, "all"], default="all")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions: to see that it works")
    parser.add_argument("--check", action="store_true", help="end with status 1 when a target is missed")
    parser.add_argument(
        "--markdown",
        type=Path,
        metavar="PAGE",
        help="write the tables into this page too, and its pictures",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
