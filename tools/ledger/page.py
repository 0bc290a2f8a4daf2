"""The page that the runs are written to: pure."""

import datetime
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from tools.ledger.judge import Result
from tools.ledger.stand import Plan

_HEADING = (
    "Celery", "pool", "broker", "database", "tasks", "runs", "kills", "broker restarts", "cuts", "outages",
    "ran twice", "missed events", "reported", "lost in the pop", "forgotten", "differences", "memory, MB",
    "minutes",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One history that was compared. ``seconds``: how long the run took."""

    plan: Plan
    database: str
    result: Result
    seconds: float

    def line(self) -> str:
        """As a row of the table."""
        plan, result = self.plan, self.result
        versions = sorted({world.celery for world, _ in plan.workers})
        pools = sorted({pool for _, pool in plan.workers})
        numbers = (
            result.tasks, result.runs, plan.kills, plan.restarts, plan.cuts, plan.outages, result.run_twice,
            result.missed, len(result.reported), len(result.popped), len(result.forgotten),
            len(result.differences), f"{result.grown / 1e6:+.0f}" if plan.outages else "",
            round(self.seconds / 60),
        )  # fmt: skip
        cells = [", ".join(versions), ", ".join(pools), plan.broker, self.database, *map(str, numbers)]
        return f"| {' | '.join(cells)} |"


def page(rows: Sequence[Row]) -> str:
    """The whole Markdown page."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    lines = [
        "# Ledger of tasks",
        "",
        "`make ledger` writes this page; do not edit it. Tasks write down when they start and how they end,",
        "in a ledger of their own. The history of the monitor has to say the same of each task: its state,",
        "and the worker and outcome of each run. Tasks succeed, fail, retry, exceed limits, are revoked,",
        "and form chains, groups and chords. Meanwhile workers are killed, the broker restarts, it cuts all",
        "connections every few seconds, or it goes down and up again every few seconds for three minutes.",
        "",
        f"- date: {datetime.datetime.now(datetime.UTC).date().isoformat()}",
        f"- commit: {commit}",
        "",
        "- **kills**: as planned. A worker that hangs (no heartbeat reaches the broker for 25 s) is",
        "  replaced as well.",
        "- **missed events**: as the monitor counts them for its workers.",
        "- **reported**: tasks that the history shows otherwise than the ledger, with a missed event of one",
        "  of their workers for each. Celery's threads pool loses events, and so does a restarting broker.",
        "- **cuts**: how often all connections to the broker were cut.",
        "- **outages**: how often the broker was down for 1 to 3 s. It was up for 2 to 6 s in between.",
        "- **lost in the pop**: Redis had handed out the message to a worker that was killed, or cut off,",
        "  before it noted the message. No worker ever reported the task. The history shows it as waiting or",
        "  lost. See [decision 8](../decisions/0008-what-redis-loses-in-the-pop.md).",
        "- **forgotten**: tasks with a run that Celery itself does not know. A prefork worker that loses its",
        "  connection drops what its pool has not reported to it yet. It counts nothing of that run, and the",
        "  message comes again. The history shows the other runs.",
        "- **differences**: tasks that the history shows wrongly without notice.",
        "- **memory**: by how much the memory of the monitor grew from the first outages to the last.",
        "",
        f"| {' | '.join(_HEADING)} |",
        f"| {' | '.join(['---'] * len(_HEADING))} |",
        *(row.line() for row in rows),
    ]
    return "\n".join(lines) + "\n"
