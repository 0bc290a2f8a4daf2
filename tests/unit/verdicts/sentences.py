"""Every sentence and command of the catalogue, word by word, in ``sentences.txt``.

Other tests name the reason and the facts of a message, so that better English changes this file alone:
``python -m tests.unit.verdicts.sentences`` writes it again. Read the difference.
"""

from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from celery_health.catalogue import CATALOGUE, KINDS
from celery_health.catalogue.entry import Reason
from celery_health.verdicts.commands import CeleryCommands
from celery_health.verdicts.verdict import Verdict
from celery_operator.api.kubectl_commands import KubectlCommands

FILE = Path(__file__).parent / "sentences.txt"
CELERY, KUBECTL = CeleryCommands("shop.celery"), KubectlCommands("market", "shop")
REASONS: tuple[Reason, ...] = tuple({reason.value: reason for kind in KINDS for reason in kind}.values())


def sample(reason: Reason, variant: str) -> Verdict:
    """A verdict on two subjects whose facts are their own names in capitals."""
    wording = reason.entry.worded(variant)
    templates = (wording.message, wording.remedy, wording.kubectl, wording.celery)
    names = {name for template in templates for _, name, _, _ in Formatter().parse(template) if name}
    facts = {name: name.upper() for name in names - {"subject", "subjects"}}
    return Verdict(reason, ("one", "two"), facts, variant)


def blocks() -> dict[str, str]:
    """By title, the lines of each case of each reason."""
    return {
        f"{reason.value} ({variant})" if variant else reason.value: "\n".join(_lines(sample(reason, variant)))
        for reason in REASONS
        for variant in ("", *reason.entry.variants)
    } | {
        f"{reason.value} (what the sidecar says)": "\n".join(_evidence(reason))
        for reason in REASONS
        if reason.entry.evidence
    }


def text() -> str:
    """The whole file."""
    return "\n\n".join(f"{title}\n{block}" for title, block in blocks().items()) + "\n"


def _evidence(reason: Reason) -> Iterator[str]:
    for case, template in reason.entry.evidence.items():
        facts = {name: name.upper() for _, name, _, _ in Formatter().parse(template) if name}
        yield f"  {case}: {reason.entry.sentence(case, **facts)}"


def _lines(verdict: Verdict) -> Iterator[str]:
    yield f"  means:   {CATALOGUE[verdict.reason.value].meaning}"
    for label, line in (
        ("message", verdict.message),
        ("remedy", verdict.remedy),
        ("kubectl", verdict.command(KUBECTL)),
        ("celery", verdict.command(CELERY)),
    ):
        if line:
            yield f"  {label + ':':<9}{line}"


if __name__ == "__main__":
    FILE.write_text(text())
