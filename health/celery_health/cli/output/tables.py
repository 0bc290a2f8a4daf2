"""The result of a check as tables. Only this module imports rich, which takes a tenth of a second."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from celery_health.broker import BrokerReading, Found
from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.health import HealthState
from celery_health.cli.output.terminal import COLOURS, new_table
from celery_health.readers.redis.server import RedisServer
from celery_health.redaction import printable
from celery_health.survey.check_result import CheckResult
from celery_health.survey.snapshot import Snapshot
from celery_health.verdicts.text import counted, lasting
from celery_health.verdicts.worker_snapshot import WorkerSnapshot

_SHOWN_TASKS = 30


def health_tables(snapshot: Snapshot, result: CheckResult, *, verbose: bool = False) -> RenderableType:
    """The output of ``health``."""
    tables = [_workers(snapshot), _queues(snapshot, result)]
    if verbose:
        tables.append(_active_tasks(snapshot))
    if snapshot.test_tasks:
        tables.append(_test_tasks(snapshot))
    if snapshot.redis is not None:
        tables.append(_redis(snapshot.redis))
    return _page(snapshot, result, tables)


def monitor_tables(snapshot: Snapshot, result: CheckResult) -> RenderableType:
    """The output of ``monitor``."""
    return _page(snapshot, result, [_workers(snapshot), _queues(snapshot, result), _active_tasks(snapshot)])


def _page(snapshot: Snapshot, result: CheckResult, tables: Sequence[RenderableType]) -> RenderableType:
    spaced = (part for table in tables for part in (Text(), table))
    return Group(_headline(snapshot, result), *_problems(result), *spaced)


def _headline(snapshot: Snapshot, result: CheckResult) -> Text:
    line = Text()
    line.append(result.health.value.lower(), COLOURS[result.health])
    line.append(f"  broker {_state(snapshot.broker)}")
    if snapshot.result_backend is not None:
        line.append(f", result backend {_state(snapshot.result_backend)}")
    if snapshot.broker.failed_addition:
        line.append(f"\n{snapshot.broker.failed_addition}", "yellow")
    if snapshot.result_backend is not None and _is_not_read(snapshot.result_backend):
        line.append(f"\n{snapshot.result_backend.message}", "dim")
    return line


def _is_not_read(reading: BrokerReading) -> bool:
    """Whether nothing has failed: this program does not read such a server, or not from here."""
    return reading.reachable is None and reading.reason is BrokerReason.UNSUPPORTED_KIND


def _state(reading: BrokerReading) -> str:
    if _is_not_read(reading):
        return f"{reading.address or reading.kind} not checked"
    state = {True: "answers", False: f"fails ({reading.reason})", None: f"unknown ({reading.reason})"}
    return f"{reading.address or reading.kind} {state[reading.reachable]}"


def _problems(result: CheckResult) -> Iterator[Text]:
    for problem in result.problems:
        line = Text()
        # What leaves the health alone is no proof of it.
        word = "note" if problem.health is HealthState.HEALTHY else problem.health.value.lower()
        line.append(f"{word}: ", COLOURS[problem.health])
        line.append(f"{problem.message.rstrip('.')}.\n  {problem.remedy.rstrip('.')}.\n  $ ")
        line.append(problem.command, "bold")
        yield line


def _workers(snapshot: Snapshot) -> RenderableType:
    table = new_table("Workers", "name", "consuming", "active>", "slots>", "reserved>", "ETA>", "queues")
    for worker in snapshot.workers:
        table.add_row(
            Text(worker.name if worker.copies == 1 else f"{worker.name} (x{worker.copies})"),
            _consuming(worker),
            str(worker.active_count),
            _or_unknown(worker.slots),
            str(worker.reserved),
            str(worker.eta),
            Text(", ".join(worker.queues)),
        )
    unresponsive = snapshot.unresponsive
    named = len(unresponsive.names) == unresponsive.count
    for name in unresponsive.names if named else ("?",) * unresponsive.count:
        table.add_row(Text(name), Text("no answer", "magenta"), "?", "?", "?", "?", "?")
    if table.row_count:
        return table
    return Text(f"Workers: {'none' if snapshot.workers_known else 'unknown'}", "dim")


def _consuming(worker: WorkerSnapshot) -> Text:
    words = {True: ("yes", "green"), False: ("no", "red"), None: ("unknown", "magenta")}
    return Text(*words[worker.consuming])


def _queues(snapshot: Snapshot, result: CheckResult) -> RenderableType:
    table = new_table("Queues", "name", "ready>", "unacknowledged>", "consumers>", "consumed by")
    for queue in (*snapshot.broker.queues, *snapshot.broker.other_queues):
        workers = sum(worker.copies for worker in snapshot.workers if queue.name in worker.queues)
        table.add_row(
            Text(queue.name),
            _or_unknown(queue.ready),
            _or_unknown(queue.unacked),
            _or_unknown(queue.consumers),
            "?" if not (workers or snapshot.workers_known) else counted(workers, "worker"),
        )
    first = table if table.row_count else Text("Queues: none known", "dim")
    return Group(first, *_messages_elsewhere(snapshot, result))


def _messages_elsewhere(snapshot: Snapshot, result: CheckResult) -> Iterator[Text]:
    """What no queue of the table has."""
    if snapshot.broker.found is not Found.ALL and not snapshot.asked_queues:
        yield Text("Not all queues of this broker were found: name yours with --queue", "dim")
    unacked = snapshot.broker.unacked
    if unacked is not None and unacked.oldest_age is not None:
        line = f"{counted(unacked.count, 'unacknowledged message')} in all queues, the oldest delivered "
        yield Text(f"{line}{lasting(unacked.oldest_age)} ago", "dim")
    if snapshot.dead_letters_problem:
        problem = f"The dead-letter queue cannot be used: {printable(snapshot.dead_letters_problem)}"
        yield Text(f"{problem}. Rename or delete the key.", "yellow")
    if snapshot.dead_letters:
        letters = counted(snapshot.dead_letters, "message")
        yield Text(
            f"{letters} in the dead-letter queue. To list: {result.celery} health dead-letter list", "yellow"
        )


def _active_tasks(snapshot: Snapshot) -> RenderableType:
    active = [(worker, task) for worker in snapshot.workers for task in worker.running]
    if not active:
        return Text("Active tasks: none", "dim")
    table = new_table("Active tasks", "age>", "task", "id", "worker")
    active.sort(key=lambda pair: -(pair[1].running_for or 0.0))  # the oldest first
    for worker, task in active[:_SHOWN_TASKS]:
        age = "?" if task.running_for is None else lasting(task.running_for)
        table.add_row(age, Text(task.name), Text(task.id), Text(worker.name))
    if len(active) > _SHOWN_TASKS:
        table.add_row("", f"and {len(active) - _SHOWN_TASKS} more", "", "")
    return table


def _test_tasks(snapshot: Snapshot) -> RenderableType:
    table = new_table("Test tasks", "queue", "task", "outcome")
    for trip in snapshot.test_tasks:
        table.add_row(Text(trip.queue), Text(trip.task), Text(trip.message, "green" if trip.ok else "red"))
    return table


def _redis(server: RedisServer) -> RenderableType:
    table = new_table("Redis", "name", "value")
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
        yield "uptime", lasting(server.uptime_seconds)
    if server.connected_clients is not None:
        yield "clients", f"{server.connected_clients} of at most {_or_unknown(server.max_clients)}"
    if server.used_memory is not None:
        limit = "no limit" if not server.maxmemory else f"of {_mib(server.maxmemory)}"
        yield "memory", f"{_mib(server.used_memory)}, {limit}, {server.maxmemory_policy or 'policy unknown'}"
    if server.keys is not None:
        yield "keys in this database", str(server.keys)
    if server.persistence is not None:
        yield "last save", _succeeded(server.persistence.last_save_ok)
        yield "append-only file", "on" if server.persistence.aof_enabled else "off"
    if server.tasks is not None:
        states = ", ".join(f"{count} {state}" for state, count in sorted(server.tasks.by_state.items()))
        sampled = f" (of {counted(server.tasks.scanned, 'scanned key')})" if server.tasks.sampled else ""
        yield "results", f"{states or 'none'}{sampled}"


def _succeeded(ok: bool | None) -> str:
    return "unknown" if ok is None else ("succeeded" if ok else "failed")


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"


def _or_unknown(value: int | None) -> str:
    return "?" if value is None else str(value)
