"""One verdict: what is wrong with which worker, queue or broker."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from celery_health.catalogue.entry import Entry, Reason, Severity, Wording
from celery_health.verdicts.commands import Commands
from celery_health.verdicts.text import listed


@dataclass(frozen=True, slots=True)
class Verdict:
    """A reason, with what fills the placeholders of its entry.

    ``subjects`` are the names of the pods, workers, queues or groups; the message is about the first.
    ``variant`` names the case of the reason. ``severity_here`` is set where the verdict weighs more or less
    than its entry says.
    """

    reason: Reason
    subjects: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    variant: str = ""
    severity_here: Severity | None = None

    @property
    def entry(self) -> Entry:
        """What the catalogue knows of the reason."""
        return self.reason.entry

    @property
    def severity(self) -> Severity:
        """What this does to health."""
        return self.severity_here or self.entry.severity

    @property
    def message(self) -> str:
        """What is wrong. A message about one subject names the others at its end."""
        text = self._filled(self._wording.message)
        others = self.subjects[1:] if "{subject}" in self._wording.message else ()
        return f"{text.rstrip('.')} (also {listed(others)})." if others else text

    @property
    def remedy(self) -> str:
        """What a person can do."""
        return self._filled(self._wording.remedy)

    def command(self, commands: Commands) -> str:
        """The command that shows the cause or applies the remedy; empty where this program has none."""
        return commands.line(self._wording, self.subjects, self.facts)

    @property
    def _wording(self) -> Wording:
        return self.entry.worded(self.variant)

    def _filled(self, template: str) -> str:
        first = self.subjects[0] if self.subjects else ""
        return template.format(subject=first, subjects=listed(self.subjects), **self.facts)


def merged(verdicts: Iterable[Verdict]) -> Verdict | None:
    """One verdict for several of the same reason: the words of the first, the subjects of all."""
    found = list(verdicts)
    if not found:
        return None
    subjects = dict.fromkeys(subject for verdict in found for subject in verdict.subjects)
    return replace(found[0], subjects=tuple(subjects))


def worst_first(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """By severity, then by the rank of the reason."""
    order = list(Severity)
    return tuple(sorted(verdicts, key=lambda one: (order.index(one.severity), one.entry.rank)))
