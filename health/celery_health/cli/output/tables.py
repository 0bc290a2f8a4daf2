"""A look as tables for a person. Only here is rich imported: it takes a tenth of a second."""

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from celery_health.broker import BrokerReading
from celery_health.cli.survey.snapshot import Survey
from celery_health.cli.verdicts import Verdict
from celery_health.readers.redis.server import RedisServer
from celery_health.verdicts.fleet.verdict import FleetHealth
from celery_health.verdicts.text import counted, lasting
from celery_health.verdicts.worker_snapshot import WorkerSight

_COLOURS = {
    FleetHealth.HEALTHY: "bold green",
    FleetHealth.UNKNOWN: "bold magenta",
    FleetHealth.DEGRADED: "bold yellow",
    FleetHealth.UNHEALTHY: "bold red",
}
_SHOWN_TASKS = 30


def health_tables(survey: Survey, verdict: Verdict) -> RenderableType:
    """All that ``health`` tells."""
    parts: list[RenderableType] = [_headline(survey, verdict), *_problems(verdict)]
    parts += [_workers(survey), _queues(survey)]
    if survey.trips:
        parts.append(_trips(survey))
    if survey.redis is not None:
        parts.append(_redis(survey.redis))
    return Group(*parts)


def monitor_tables(survey: Survey, verdict: Verdict) -> RenderableType:
    """All that ``monitor`` shows."""
    tables = [_workers(survey), _queues(survey), _tasks(survey)]
    return Group(_headline(survey, verdict), *_problems(verdict), *tables)


def show(tables: RenderableType) -> None:
    """Print them; without a terminal wide enough for a sentence, and without colours."""
    console().print(tables)


def console() -> Console:
    """A pipe or a file has no width: a line is not broken there more than needed."""
    plain = Console(highlight=False)
    return plain if plain.is_terminal else Console(highlight=False, width=160)


def _headline(survey: Survey, verdict: Verdict) -> Text:
    line = Text()
    line.append(verdict.health.value.lower(), _COLOURS[verdict.health])
    line.append(f"  broker {_answer(survey.broker)}")
    if survey.store is not None:
        line.append(f", results {_answer(survey.store)}")
    return line


def _answer(reading: BrokerReading) -> str:
    word = {True: "answers", False: f"fails ({reading.reason})", None: f"unknown ({reading.reason})"}
    return f"{reading.address or reading.kind} {word[reading.reachable]}"


def _problems(verdict: Verdict) -> Iterator[Text]:
    for problem in verdict.problems:
        line = Text()
        line.append(f"{problem.health.value.lower()}: ", _COLOURS[problem.health])
        line.append(f"{problem.message.rstrip('.')}. {problem.remedy.rstrip('.')}: ")
        line.append(problem.command, "bold")
        yield line


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        name, _, right = column.partition(">")
        table.add_column(name, justify="right" if right else "left", overflow="fold", header_style="dim")
    return table


def _workers(survey: Survey) -> RenderableType:
    table = _table(
        "Workers", "name", "takes messages", "running>r", "slots>r", "reserved>r", "ETA>r", "queues"
    )
    for worker in survey.workers:
        table.add_row(
            Text(worker.name),
            _takes(worker),
            str(worker.active_count),
            _or_unknown(worker.slots),
            str(worker.reserved),
            str(worker.eta_held),
            Text(", ".join(worker.queues)),
        )
    silent = survey.silent
    named = silent.names if len(silent.names) == silent.count else ("?",) * silent.count
    for name in named:
        table.add_row(Text(name), Text("no answer", "magenta"), "?", "?", "?", "?", "?")
    if table.row_count:
        return table
    asked = "none" if survey.workers_known else "unknown"
    return Text(f"Workers: {asked}", "dim")


def _takes(worker: WorkerSight) -> Text:
    words = {True: ("yes", "green"), False: ("no", "red"), None: ("unknown", "magenta")}
    return Text(*words[worker.consuming])


def _queues(survey: Survey) -> RenderableType:
    table = _table("Queues", "name", "ready>r", "unacked>r", "consumers>r", "read by")
    for queue in (*survey.broker.queues, *survey.broker.other_queues):
        readers = sum(queue.name in worker.queues for worker in survey.workers)
        table.add_row(
            Text(queue.name),
            _or_unknown(queue.ready),
            _or_unknown(queue.unacked),
            _or_unknown(queue.consumers),
            "?" if not (readers or survey.workers_known) else counted(readers, "worker"),
        )
    return table if table.row_count else Text("Queues: none known", "dim")


def _tasks(survey: Survey) -> RenderableType:
    running = [(worker, task) for worker in survey.workers for task in worker.running]
    if not running:
        return Text("Running tasks: none", "dim")
    table = _table("Running tasks", "age>r", "task", "id", "worker")
    # The oldest first: that is the one to look at.
    running.sort(key=lambda pair: -(pair[1].running_for or 0.0))
    for worker, task in running[:_SHOWN_TASKS]:
        age = "?" if task.running_for is None else lasting(task.running_for)
        table.add_row(age, Text(task.name), Text(task.id), Text(worker.name))
    if len(running) > _SHOWN_TASKS:
        table.add_row("", f"and {len(running) - _SHOWN_TASKS} more", "", "")
    return table


def _trips(survey: Survey) -> Table:
    table = _table("Test tasks", "queue", "task", "outcome")
    for trip in survey.trips:
        table.add_row(Text(trip.queue), Text(trip.task), Text(trip.message, "green" if trip.ok else "red"))
    return table


def _redis(server: RedisServer) -> RenderableType:
    table = _table("Redis", "what", "value")
    table.show_header = False
    for name, value in _redis_lines(server):
        table.add_row(name, Text(value))
    return table


def _redis_lines(server: RedisServer) -> Iterator[tuple[str, str]]:
    if server.reading.reachable is not True:
        yield "answer", server.reading.message
    if server.version is not None:
        yield "version", f"{server.version}, {server.mode or 'mode unknown'}, {server.role or 'role unknown'}"
    if server.uptime_seconds is not None:
        yield "up for", lasting(server.uptime_seconds)
    if server.connected_clients is not None:
        yield "clients", f"{server.connected_clients} of at most {_or_unknown(server.max_clients)}"
    if server.used_memory is not None:
        limit = "no limit" if not server.maxmemory else f"of {_mib(server.maxmemory)}"
        yield "memory", f"{_mib(server.used_memory)}, {limit}, {server.maxmemory_policy or 'policy unknown'}"
    if server.keys is not None:
        yield "keys in this database", str(server.keys)
    if server.persistence is not None:
        yield "last save", _worked(server.persistence.last_save_ok)
        yield "append-only file", "on" if server.persistence.aof_enabled else "off"
    if server.tasks is not None:
        states = ", ".join(f"{state} {count}" for state, count in sorted(server.tasks.by_state.items()))
        sampled = f" (of {server.tasks.scanned} keys looked at)" if server.tasks.sampled else ""
        yield "results", f"{states or 'none'}{sampled}"


def _worked(ok: bool | None) -> str:
    return "unknown" if ok is None else ("worked" if ok else "failed")


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"


def _or_unknown(value: int | None) -> str:
    return "?" if value is None else str(value)
