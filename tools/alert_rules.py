"""``python -m tools.alert_rules``: writes the alert rules into the chart and the documentation.

The chart gets the rules with open thresholds, and its values.yaml the defaults. Prometheus outside Kubernetes
gets a rules file. docs/reference/alerts.md gets a table, and each runbook the facts of its rule. What people
have written on a page is kept.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from celery_health.alerts import GROUPS, RULES
from celery_health.alerts.rule import Program, Rule, RuleGroup, Subject, located
from tools.generated_part import replaced

CHART = Path("charts/celery-operator")
CHART_RULES, VALUES = CHART / "files/alert-rules.yaml", CHART / "values.yaml"
DOCS = Path("docs")
RULES_FILE, REFERENCE = DOCS / "reference/celery.rules.yml", DOCS / "reference/alerts.md"
NEVER_SILENCED = frozenset({"CeleryBeatDoubled"})
"""Alerts about harm that goes on until a person acts. Their runbooks have no command that silences them."""
_WRITTEN = "# Written by `make docs` from health/celery_health/alerts.\n"


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines as a block."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Items of a list are indented."""
        del indentless
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def files(root: Path) -> dict[Path, str]:
    """The text of every file, by its path below the repository's root."""
    found = {CHART_RULES: _WRITTEN + _yaml({"groups": [_chart_group(group) for group in GROUPS]})}
    found[VALUES] = replaced(_read(root / VALUES), "rules", _values(), comment="      # {}")
    found[RULES_FILE] = _WRITTEN + _yaml(rules_file(outside_kubernetes=True))
    found[REFERENCE] = replaced(_read(root / REFERENCE), "rules", _table())
    for rule in RULES:
        path = DOCS / rule.runbook
        page = replaced(_read(root / path) or f"# {rule.name}\n", "rule", _facts(rule))
        found[path] = page if rule.name in NEVER_SILENCED else replaced(page, "silence", _silence(rule))
    return found


def rules_file(*, outside_kubernetes: bool, rules: Iterable[Rule] = RULES) -> dict[str, Any]:
    """A rules file of Prometheus. ``rules``: with the default times and thresholds, or with other ones."""
    found: dict[Subject, list[dict[str, Any]]] = {}
    for rule in rules:
        if rule.outside_kubernetes or not outside_kubernetes:
            found.setdefault(rule.subject, []).append(prometheus_rule(rule))
    groups = [group for group in GROUPS if group.subject in found]
    return {"groups": [{"name": group.name, "rules": found[group.subject]} for group in groups]}


def prometheus_rule(rule: Rule) -> dict[str, Any]:
    """One rule as Prometheus reads it."""
    return {
        "alert": rule.name,
        "expr": rule.filled(rule.expression).strip() + "\n",
        "for": rule.hold,
        "labels": {"severity": rule.severity.value},
        "annotations": {
            "summary": rule.filled(rule.summary),
            "description": rule.filled(rule.description),
            "runbook": f"docs/{rule.runbook}",
        },
    }


def _yaml(document: Mapping[str, Any]) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=1000)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _chart_group(group: RuleGroup) -> dict[str, Any]:
    return {"name": group.name, "rules": [_chart_rule(rule) for rule in group.rules]}


def _chart_rule(rule: Rule) -> dict[str, Any]:
    return {
        "alert": rule.name,
        "expr": rule.expression.strip() + "\n",
        "summary": located(rule.summary),
        "description": located(rule.description),
        "runbook": f"docs/{rule.runbook}",
        "thresholds": [one.name for one in rule.thresholds],
    }


def _values() -> Iterator[str]:
    for rule in RULES:
        yield f"      # -- {_sentence(rule.summary)}."
        yield f"      {rule.name}:"
        yield "        enabled: true"
        yield f"        for: {rule.hold}"
        yield f"        severity: {rule.severity.value}"
        for threshold in rule.thresholds:
            yield f"        # -- In {threshold.unit}."
            yield f"        {threshold.name}: {threshold.default}"


def _table() -> Iterator[str]:
    for group in GROUPS:
        yield f"### {group.name}"
        yield ""
        heads = (
            "alert",
            "fires when",
            "after",
            "severity",
            "thresholds",
            "evidence from",
            "Events",
            "monitor's own",
        )
        yield f"| {' | '.join(heads)} |"
        yield "|---" * len(heads) + "|"
        for rule in group.rules:
            thresholds = ", ".join(f"`{one.name}` {one.default}" for one in rule.thresholds)
            programs = ", ".join(one.value for one in Program if one in rule.programs)
            yield (
                f"| [{rule.name}](../{rule.runbook}) | {_sentence(rule.summary)} | {rule.hold} | "
                f"{rule.severity.value} | {thresholds} | {programs} | {_event(rule)} | {_own(rule)} |"
            )
        yield ""


def _event(rule: Rule) -> str:
    """Which Events report the alert in a cluster: those of a condition that says the same, or its own."""
    found = []
    for evidence in rule.operator:
        # A condition that is True has no Event.
        if evidence.condition and evidence.comparisons[0].than == "0":
            found.append(f"of `{evidence.condition}`")
        found += [f"of the reason `{reason}`" for reason in evidence.same_as]
    return ", ".join(found) or ("its own" if rule.operator else "")


def _own(rule: Rule) -> str:
    """On whose data the monitor evaluates the rule for its own alerts."""
    found = [name for name, parts in (("monitor", rule.monitor), ("operator", rule.operator)) if parts]
    return ", ".join(found) or f"no: {rule.only_prometheus[:1].lower()}{rule.only_prometheus[1:].rstrip('.')}"


def _facts(rule: Rule) -> Iterator[str]:
    yield "| | |"
    yield "|---|---|"
    yield f"| severity | {rule.severity.value} |"
    yield f"| fires | {f'after {rule.hold}' if rule.hold_seconds else 'at once'} |"
    for one in rule.thresholds:
        yield f"| threshold `{one.name}` | {one.default} {one.unit} |"
    yield f"| evidence from | {' or '.join(one.value for one in Program if one in rule.programs)} |"
    yield ""
    yield "```promql"
    yield rule.filled(rule.expression).strip()
    yield "```"


def _silence(rule: Rule) -> Iterator[str]:
    matchers = " namespace=NAMESPACE resource=RESOURCE" if "namespace" in rule.expression else ""
    yield "For some hours, with Alertmanager:"
    yield from ("", "```console")
    yield f"$ amtool silence add alertname={rule.name}{matchers} --duration 4h --comment REASON"
    yield "```"
    if rule.outside_kubernetes and matchers:
        yield from ("", "Outside Kubernetes no alert has a namespace: leave that matcher out.")
    if not rule.only_prometheus:
        yield ""
        yield "The monitor's own alert: **Alerts** on its page, then **Silence ...** beside the alert."
    yield from ("", "For good, in the values of the chart:")
    yield from ("", "```yaml", "metrics:", "  prometheusRule:", "    rules:")
    yield f"      {rule.name}: {{enabled: false}}"
    yield "```"
    if rule.outside_kubernetes:
        yield from ("", "Outside Kubernetes, delete the rule from your rules file.")
    if rule.monitor:
        link = f"{'../' * rule.runbook.count('/')}howto/alerts.md#without-alertmanager"
        yield ""
        yield f"For what the monitor evaluates outside Kubernetes, [change its own rules]({link})."
    if rule.thresholds:
        names = " or ".join(f"`{one.name}`" for one in rule.thresholds)
        yield ""
        yield f"If the alert is right but comes too early, raise {names} there, or `for`."


def _sentence(summary: str) -> str:
    text = summary.replace("@where@", "an application")
    return text[:1].upper() + text[1:]


def main() -> int:
    """Write every file below the working directory."""
    for path, text in files(Path()).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
