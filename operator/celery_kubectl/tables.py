"""CeleryDeployments as tables for a person. Only here the plugin imports rich."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from celery_health.verdicts.fleet.verdict import FleetHealth
from celery_health.verdicts.text import lasting
from celery_kubectl.resource import Resource

_COLOURS = {
    FleetHealth.HEALTHY: "bold green",
    FleetHealth.UNKNOWN: "bold magenta",
    FleetHealth.DEGRADED: "bold yellow",
    FleetHealth.UNHEALTHY: "bold red",
}
# True is bad news there.
_ABNORMAL = {"Reconciling", "Stalled"}
_RECOVERED = {True: ("yes", "green"), False: ("no", "red"), None: ("not known yet", "dim")}


def show(parts: RenderableType) -> None:
    """Print; a pipe or a file has no width, so lines are not broken there more than needed."""
    plain = Console(highlight=False)
    console = plain if plain.is_terminal else Console(highlight=False, width=160)
    console.print(parts)


def overview(resources: Sequence[Resource], *, everywhere: bool) -> RenderableType:
    """A row for each."""
    columns = ("name", "health", "ready", "backlog>", "active>", "beat", "message")
    table = _table("", *(("namespace", *columns) if everywhere else columns))
    for resource in resources:
        status = resource.status
        row: tuple[str | Text, ...] = (
            resource.name,
            _health(resource),
            str(status.get("ready") or "?"),
            _number(status.get("backlog")),
            _number(status.get("active")),
            str((status.get("beat") or {}).get("state", "")),
            Text(resource.message),
        )
        table.add_row(*((resource.namespace, *row) if everywhere else row))
    return table


def details(resource: Resource, now: datetime) -> RenderableType:
    """All that the status says of one."""
    sections: list[list[RenderableType]] = [
        [_headline(resource)],
        [*_words(resource)],
        [*_recommendations(resource.status)],
        [_facts(resource)],
        [_conditions(resource.status, now)],
        [_groups(resource)],
        [*_scaling(resource, now)],
        [_queues(resource.status)],
        [*_restarts(resource, now)],
    ]
    parts: list[RenderableType] = []
    for section in sections:
        if section:
            parts += [*section, Text()]
    return Group(*parts[:-1])


def _headline(resource: Resource) -> Text:
    line = Text(resource.name, "bold")
    line.append("  ")
    line.append_text(_health(resource))
    if resource.status.get("ready"):
        line.append(f"  {resource.status['ready']} workers take messages")
    return line


def _words(resource: Resource) -> Iterator[Text]:
    if resource.message:
        yield Text(resource.message)
    if resource.outdated:
        yield Text(
            "The operator has not looked at the newest spec yet: this is about the one before.", "yellow"
        )
    if resource.paused:
        yield Text(f"Healing is paused: kubectl celery resume {resource.name} ends that.", "yellow")


def _facts(resource: Resource) -> Text:
    facts = [f"namespace {resource.namespace}", f"app {resource.spec.get('app')}"]
    facts.append(f"image {resource.spec.get('image')}")
    if broker := resource.status.get("broker"):
        facts.append(f"broker {broker.get('address')} ({broker.get('state')})")
    if beat := resource.status.get("beat"):
        facts.append(f"beat {beat.get('state')}")
    return Text(", ".join(facts), "dim")


def _recommendations(status: Mapping[str, Any]) -> Iterator[Text]:
    for one in status.get("recommendations") or ():
        line = Text("- ")
        line.append(f"{str(one.get('message', '')).rstrip('.')}: ")
        line.append(str(one.get("command", "")), "bold")
        yield line


def _conditions(status: Mapping[str, Any], now: datetime) -> RenderableType:
    table = _table("Conditions", "type", "status", "reason", "for", "message")
    for condition in status.get("conditions") or ():
        table.add_row(
            str(condition.get("type")),
            _verdict(condition),
            str(condition.get("reason")),
            _age(condition.get("lastTransitionTime"), now),
            Text(str(condition.get("message", ""))),
        )
    return _or_none(table, "Conditions")


def _verdict(condition: Mapping[str, Any]) -> Text:
    word = str(condition.get("status"))
    good = "False" if condition.get("type") in _ABNORMAL else "True"
    if word == "Unknown":
        return Text(word, "magenta")
    return Text(word, "green" if word == good else "yellow")


def _groups(resource: Resource) -> RenderableType:
    columns = ("name", "ready>", "new>", "take messages>", "running>", "reserved>", "ETA>", "queues")
    table = _table("Worker groups", *columns)
    queues = {group.get("name"): ", ".join(group.get("queues") or ()) for group in resource.groups}
    for group in resource.status.get("workers") or ():
        replicas = group.get("replicas", 0)
        consuming = group.get("consumingReplicas", 0)
        table.add_row(
            str(group.get("name")),
            f"{group.get('readyReplicas', 0)}/{replicas}",
            f"{group.get('updatedReplicas', 0)}/{replicas}",
            Text(f"{consuming}/{replicas}", "" if consuming == replicas else "yellow"),
            _number(group.get("active")),
            _number(group.get("reserved")),
            _number(group.get("eta")),
            Text(queues.get(group.get("name"), "")),
        )
    return _or_none(table, "Worker groups")


def _scaling(resource: Resource, now: datetime) -> Iterator[RenderableType]:
    """How many pods autoscaling wants of a group, and why it last changed that."""
    table = _table("Autoscaling", "group", "wanted>", "from>", "to>", "draining>", "last change", "why")
    told = {group.get("name"): group for group in resource.status.get("workers") or ()}
    for group in resource.groups:
        bounds, seen = group.get("autoscaling"), told.get(group.get("name"), {})
        if not bounds:
            continue
        last = seen.get("scaling") or {}
        table.add_row(
            str(group.get("name")),
            _number(seen.get("desiredReplicas")),
            _number(bounds.get("minReplicas")),
            _number(bounds.get("maxReplicas")),
            _number(seen.get("draining")),
            f"{_age(last.get('at'), now)} ago" if last else "none yet",
            Text(str(last.get("message", ""))),
        )
    if table.row_count:
        yield table


def _queues(status: Mapping[str, Any]) -> RenderableType:
    table = _table("Queues", "name", "messages ready>")
    for queue in status.get("queues") or ():
        table.add_row(Text(str(queue.get("name"))), _number(queue.get("ready")))
    return _or_none(table, "Queues")


def _restarts(resource: Resource, now: datetime) -> Iterator[RenderableType]:
    restarts = resource.status.get("restarts") or {}
    recent = restarts.get("recent") or ()
    yield Text(f"Restarts by the operator: {restarts.get('total', 0)}", "bold")
    if recent:
        table = _table("", "pod", "group", "reason", "ago", "helped")
        for one in recent:
            table.add_row(
                str(one.get("pod")),
                str(one.get("group")),
                str(one.get("reason")),
                _age(one.get("at"), now),
                Text(*_RECOVERED[one.get("recovered")]),
            )
        yield table
    for pause in restarts.get("pauses") or ():
        yield Text(
            f"Group {pause.get('group')} is left alone until {pause.get('until')}: restarts did not help "
            f"({pause.get('failures')} in a row).",
            "yellow",
        )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title or None, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        name, right, _ = column.partition(">")
        table.add_column(name, justify="right" if right else "left", overflow="fold", header_style="dim")
    return table


def _or_none(table: Table, title: str) -> RenderableType:
    return table if table.row_count else Text(f"{title}: not known yet", "dim")


def _health(resource: Resource) -> Text:
    return Text(resource.health.value, _COLOURS[resource.health])


def _number(number: object) -> Text:
    return Text("?", "magenta") if number is None else Text(f"{number:,}")


def _age(text: object, now: datetime) -> str:
    try:
        then = datetime.fromisoformat(str(text))
    except ValueError:
        return "?"
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return lasting(max(0.0, (now - then).total_seconds()))
