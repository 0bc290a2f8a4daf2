"""CeleryDeployments as tables. Only this module of the plugin imports rich."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from celery_health.cli.output.terminal import COLOURS, new_table
from celery_health.verdicts.text import counted, lasting
from celery_kubectl.resource import Resource

NEGATIVE_POLARITY = {"Reconciling", "Stalled"}
"""Conditions whose True is bad."""

_RECOVERED = {True: ("yes", "green"), False: ("no", "red"), None: ("unknown", "dim")}


def overview(resources: Sequence[Resource], *, all_namespaces: bool) -> RenderableType:
    """One row for each resource."""
    columns = ("name", "health", "ready", "backlog>", "active>", "beat", "message")
    table = new_table("", *(("namespace", *columns) if all_namespaces else columns))
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
        table.add_row(*((resource.namespace, *row) if all_namespaces else row))
    return table


def details(resource: Resource, now: datetime) -> RenderableType:
    """Everything in the status of one resource."""
    sections: list[list[RenderableType]] = [
        [_headline(resource)],
        [*_notes(resource)],
        [*_recommendations(resource.status)],
        [*_alerts(resource.status, now)],
        [_facts(resource)],
        [_conditions(resource.status, now)],
        [_groups(resource)],
        [*_scaling(resource, now)],
        [*_sizes(resource)],
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
        line.append(f"  {resource.status['ready']} workers consuming")
    return line


def _notes(resource: Resource) -> Iterator[Text]:
    if resource.message:
        yield Text(resource.message)
    if resource.outdated:
        yield Text(
            "This status is about an earlier spec: the operator has not reconciled the newest one yet.",
            "yellow",
        )
    if letters := resource.status.get("deadLetters"):
        yield Text(
            f"The dead-letter queue has {counted(letters, 'message')}. To list: kubectl celery dead-letter "
            f"{resource.name} list -n {resource.namespace}",
            "yellow",
        )
    if resource.paused:
        resume = f"kubectl celery resume {resource.name} -n {resource.namespace}"
        yield Text(f"Healing is paused. To resume: {resume}", "yellow")
    for group in resource.paused_groups:
        resume = f"kubectl celery resume {resource.name} --group {group} -n {resource.namespace}"
        yield Text(f"Healing of group {group} is paused. To resume: {resume}", "yellow")


def _facts(resource: Resource) -> Text:
    facts = [f"namespace {resource.namespace}", f"app {resource.spec.get('app')}"]
    facts.append(f"image {resource.spec.get('image')}")
    if broker := resource.status.get("broker"):
        facts.append(f"broker {broker.get('address')} ({broker.get('state')})")
    if beat := resource.status.get("beat"):
        facts.append(f"beat {beat.get('state')}")
    return Text(", ".join(facts), "dim")


def _recommendations(status: Mapping[str, Any]) -> Iterator[Text]:
    for recommendation in status.get("recommendations") or ():
        yield Text(f"- {str(recommendation.get('message', '')).rstrip('.')}.")
        # A line break would end the command where a person pastes it into a shell.
        line = Text("  $ ", no_wrap=True, overflow="ignore")
        line.append(str(recommendation.get("command", "")), "bold")
        yield line


def _alerts(status: Mapping[str, Any], now: datetime) -> Iterator[RenderableType]:
    """The alerts that fire, the critical ones first. What is pending may still pass by itself."""
    firing = [one for one in status.get("alerts") or () if one.get("state") == "Firing"]
    if firing:
        yield Text("Alerts", "bold")
    for alert in sorted(firing, key=lambda one: (one.get("severity") != "critical", str(one.get("since")))):
        severity = str(alert.get("severity"))
        line = Text(f"- {alert.get('name')}, ")
        line.append(severity, "red" if severity == "critical" else "yellow")
        line.append(f", since {alert.get('since')} ({_age(alert.get('since'), now)}): {alert.get('message')}")
        line.append(f"\n  Runbook: {alert.get('runbook')}")
        yield line


def _conditions(status: Mapping[str, Any], now: datetime) -> RenderableType:
    table = new_table("Conditions", "type", "status", "reason", "for", "message")
    for condition in status.get("conditions") or ():
        table.add_row(
            str(condition.get("type")),
            _condition_status(condition),
            str(condition.get("reason")),
            _age(condition.get("lastTransitionTime"), now),
            Text(str(condition.get("message", ""))),
        )
    return _or_none(table, "Conditions")


def _condition_status(condition: Mapping[str, Any]) -> Text:
    word = str(condition.get("status"))
    good = "False" if condition.get("type") in NEGATIVE_POLARITY else "True"
    if word == "Unknown":
        return Text(word, "magenta")
    return Text(word, "green" if word == good else "yellow")


def _groups(resource: Resource) -> RenderableType:
    columns = ("name", "ready>", "updated>", "consuming>", "active>", "reserved>", "ETA>", "queues")
    table = new_table("Worker groups", *columns)
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
    """The desired replicas of each group with autoscaling, and the last change with its reason."""
    table = new_table(
        "Autoscaling", "group", "desired>", "min>", "max>", "draining>", "last change", "reason"
    )
    by_name = {group.get("name"): group for group in resource.status.get("workers") or ()}
    for group in resource.groups:
        bounds, state = group.get("autoscaling"), by_name.get(group.get("name"), {})
        if not bounds:
            continue
        last = state.get("scaling") or {}
        table.add_row(
            str(group.get("name")),
            _number(state.get("desiredReplicas")),
            _number(bounds.get("minReplicas")),
            _number(bounds.get("maxReplicas")),
            _number(state.get("draining")),
            f"{_age(last.get('at'), now)} ago" if last else "none",
            Text(str(last.get("message", ""))),
        )
    if table.row_count:
        yield table


def _sizes(resource: Resource) -> Iterator[RenderableType]:
    """The right size of each group that has been observed for long enough."""
    columns = ("group", "memory request>", "memory limit>", "CPU request>", "concurrency>", "evidence")
    table = new_table("Right size", *columns)
    for group in resource.status.get("workers") or ():
        if size := group.get("rightSize"):
            table.add_row(
                str(group.get("name")),
                str(size.get("memoryRequest", "?")),
                str(size.get("memoryLimit", "?")),
                str(size.get("cpuRequest", "?")),
                _number(size.get("concurrency")),
                Text(str(size.get("evidence", ""))),
            )
    if table.row_count:
        yield table


def _queues(status: Mapping[str, Any]) -> RenderableType:
    table = new_table("Queues", "name", "ready messages>")
    for queue in status.get("queues") or ():
        table.add_row(Text(str(queue.get("name"))), _number(queue.get("ready")))
    return _or_none(table, "Queues")


def _restarts(resource: Resource, now: datetime) -> Iterator[RenderableType]:
    restarts = resource.status.get("restarts") or {}
    recent = restarts.get("recent") or ()
    yield Text(f"Restarts by the operator: {restarts.get('total', 0)}", "bold")
    if recent:
        table = new_table("", "pod", "group", "reason", "age", "recovered")
        for restart in recent:
            table.add_row(
                str(restart.get("pod")),
                str(restart.get("group")),
                str(restart.get("reason")),
                _age(restart.get("at"), now),
                Text(*_RECOVERED[restart.get("recovered")]),
            )
        yield table
    for pause in restarts.get("pauses") or ():
        yield Text(
            f"Healing of group {pause.get('group')} is paused until {pause.get('until')}, because the last "
            f"{counted(pause.get('failures', 0), 'restart')} did not help.",
            "yellow",
        )


def _or_none(table: Table, title: str) -> RenderableType:
    return table if table.row_count else Text(f"{title}: unknown", "dim")


def _health(resource: Resource) -> Text:
    return Text(resource.health.value, COLOURS[resource.health])


def _number(number: object) -> Text:
    return Text("?", "magenta") if number is None else Text(f"{number:,}")


def _age(text: object, now: datetime) -> str:
    try:
        then = datetime.fromisoformat(str(text))
    except ValueError:
        return "?"
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return lasting(max(0.0, (now - then).total_seconds()))
