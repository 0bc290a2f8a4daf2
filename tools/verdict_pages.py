"""``python -m tools.verdict_pages``: writes what the catalogue of verdicts knows into the documentation.

A page says with a comment where a generated part begins and ends. Everything outside is written by people and
kept. A reason that no page has yet is added at the end of its page, and a page that does not exist is begun.
"""

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from celery_health.catalogue import CATALOGUE
from celery_health.catalogue.entry import Actor, Cause, Entry, Severity, Subject, Wording
from celery_operator.api.kubectl_commands import in_namespace
from celery_operator.api.status import ConditionType
from celery_operator.decide.event_note import EventReason
from tools.generated_part import has_part, replaced, wrapped

REFERENCE = Path("docs/reference")
INDEX, CONDITIONS = REFERENCE / "verdicts.md", REFERENCE / "conditions.md"

_SUBJECT = {
    Subject.POOL: "POD",
    Subject.POD: "POD",
    Subject.PROCESS: "POD",
    Subject.BEAT: "POD",
    Subject.QUEUE: "QUEUE",
    Subject.ROLLOUT: "DEPLOYMENT",
    Subject.GROUP: "GROUP",
}
_WITH_VERB = {
    "verb": "is/are",
    "names": "`WORKERS` is/are",
    "lost": "`NUMBER` tasks (`NAMES`) were",
    "part": "`NUMBER` of `NUMBER` workers is/are",
}
"""Placeholders of messages that a verb fills, so that a name alone leaves no sentence."""

_PLACEHOLDER = re.compile(r"{(\w+)}")
_GLUED = re.compile(r"(?<=\w){(\w+)}")
"""A placeholder that begins with a colon where it is not empty."""


def pages(root: Path) -> dict[Path, str]:
    """The text of every page, by its path below the repository's root."""
    found = {INDEX: replaced(_read(root / INDEX), "index", _index())}
    conditions = replaced(_read(root / CONDITIONS), "conditions", _conditions())
    found[CONDITIONS] = replaced(conditions, "events", _events())
    for page in dict.fromkeys(entry.page for entry in CATALOGUE.values()):
        path = REFERENCE / "verdicts" / f"{page}.md"
        found[path] = _page(_read(root / path) or f"# {_title(page)}\n", page)
    return found


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _page(text: str, page: str) -> str:
    for entry in CATALOGUE.values():
        if entry.page == page:
            if not has_part(text, entry.word):
                text = f"{text.rstrip()}\n\n## {entry.word}\n"
            text = replaced(text, entry.word, _facts(entry))
    return text


def _title(page: str) -> str:
    return page.replace("-", " ").capitalize()


def _facts(entry: Entry) -> Iterator[str]:
    yield from wrapped(entry.meaning)
    if entry.severity is Severity.INFORMATION:
        return
    yield from ("", "| | |", "|---|---|")
    yield f"| subject | {entry.subject.value} |"
    yield f"| severity | {entry.severity.value} |"
    yield f"| cause | {entry.cause.value if entry.cause is not Cause.NONE else 'not known'} |"
    yield f"| automatic action | {_action(entry) or 'none'} |"
    for template in entry.evidence.values():
        yield f"| evidence | {_prose(template, entry)} |"
    seen: set[str] = set()
    for wording in (entry.wording, *(entry.worded(name) for name in entry.variants)):
        for row in _said(wording, entry):
            if row not in seen:
                seen.add(row)
                yield row


def _action(entry: Entry) -> str:
    return "" if entry.acts is Actor.NONE else f"by {entry.acts.value}"


def _said(wording: Wording, entry: Entry) -> Iterator[str]:
    for label, template in (("message", wording.message), ("remedy", wording.remedy)):
        if template and template != "{reading}":
            yield f"| {label} | {_prose(template, entry)} |"
    if wording.kubectl:
        # On Kubernetes a worker is named by its pod.
        command = _code(wording.kubectl, entry).replace("WORKER", "POD")
        yield f"| kubectl | `{in_namespace('NAMESPACE', command)}` |"
    if wording.celery:
        yield f"| celery | `celery -A APP {_code(wording.celery, entry)}` |"


def _prose(template: str, entry: Entry) -> str:
    def shown(match: re.Match[str]) -> str:
        return _WITH_VERB.get(match[1]) or f"`{_name(match[1], entry)}`"

    parts = _GLUED.sub(r": {\1}", template).split("`")
    parts[::2] = [_PLACEHOLDER.sub(shown, part) for part in parts[::2]]
    # What is code already takes no more backticks.
    parts[1::2] = [_PLACEHOLDER.sub(lambda match: _name(match[1], entry), part) for part in parts[1::2]]
    return "`".join(parts).replace("|", "\\|")


def _code(template: str, entry: Entry) -> str:
    known = {"worker": "worker", "sidecar": "probe", "port": "9809"}
    filled = _PLACEHOLDER.sub(lambda match: known.get(match[1], _name(match[1], entry)), template)
    return filled.replace("{{", "{").replace("}}", "}").replace("|", "\\|")


def _name(placeholder: str, entry: Entry) -> str:
    if placeholder in {"subject", "subjects"}:
        if entry.subject is Subject.WORKER:
            return "WORKER" if entry.wording.celery else "POD"
        return _SUBJECT.get(entry.subject, "NAME")
    return "NAME" if placeholder == "resource" else placeholder.upper()


def _index() -> Iterator[str]:
    """One table for each severity that is not information, and one for the rest."""
    for severity in Severity:
        yield f"### {severity.value.capitalize()}"
        yield from ("", "| reason | about | meaning | automatic action |", "|---|---|---|---|")
        for entry in sorted(CATALOGUE.values(), key=lambda one: (one.rank, one.word)):
            if entry.severity is severity:
                link = f"[`{entry.word}`]({entry.anchor})"
                yield f"| {link} | {entry.subject.value} | {entry.meaning} | {_action(entry)} |"
        yield ""


def _conditions() -> Iterator[str]:
    yield from ("| condition | meaning of True |", "|---|---|")
    for condition in ConditionType:
        yield f"| `{condition}` | {_meaning(condition)} |"


def _events() -> Iterator[str]:
    yield from ("| Event | meaning |", "|---|---|")
    for entry in CATALOGUE.values():
        if entry.replacement is not None:
            yield f"| `{entry.replacement.event}` | The operator evicts a pod: {entry.replacement.why}. |"
    for reason in EventReason:
        yield f"| `{reason}` | {reason.meaning} |"


def _meaning(condition: ConditionType) -> str:
    """From the module that decides the condition: its docstring begins with the condition's name."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", condition).lower()
    module = import_module(f"celery_operator.decide.conditions.{name}")
    text = " ".join((module.__doc__ or "").split()).partition(": ")[2]
    return text[:1].upper() + text[1:]


def main() -> int:
    """Write every page below the working directory."""
    for path, text in pages(Path()).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
