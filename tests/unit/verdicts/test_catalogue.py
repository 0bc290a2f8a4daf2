"""The catalogue: each word once, each template filled, and here alone the sentences word by word."""

import pytest

from celery_health.catalogue import CATALOGUE, KINDS
from celery_health.catalogue.entry import Actor, Cause, Entry, Reason, Severity
from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.commands import CeleryCommands
from celery_health.verdicts.verdict import Verdict, merged, worst_first
from tests.unit.verdicts.sentences import CELERY, FILE, KUBECTL, REASONS, blocks, sample

EXPECTED = dict(block.split("\n", 1) for block in FILE.read_text().rstrip("\n").split("\n\n"))
CASES = [
    pytest.param(reason, variant, id=f"{reason.value}-{variant}" if variant else reason.value)
    for reason in REASONS
    for variant in ("", *reason.entry.variants)
]


@pytest.mark.parametrize("title", blocks())
def test_the_sentences_of_an_entry(title: str) -> None:
    assert blocks()[title] == EXPECTED.get(title), "python -m tests.unit.verdicts.sentences"


def test_no_other_sentences_are_listed() -> None:
    assert set(EXPECTED) == set(blocks())


def test_a_word_is_declared_once() -> None:
    words: dict[str, Entry] = {}
    for kind in KINDS:
        for reason in kind:
            assert words.setdefault(reason.value, reason.entry) is reason.entry
    assert words == CATALOGUE


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE)
def test_an_entry_that_something_acts_on_has_a_cause(entry: Entry) -> None:
    if entry.acts is not Actor.NONE:
        assert entry.cause is not Cause.NONE
    if entry.severity is Severity.INFORMATION:
        assert not entry.healed
    assert entry.meaning.endswith(".")


@pytest.mark.parametrize(("reason", "variant"), CASES)
def test_a_remedy_comes_with_a_command(reason: Reason, variant: str) -> None:
    verdict = sample(reason, variant)
    commands = [command for command in (verdict.command(CELERY), verdict.command(KUBECTL)) if command]
    assert all(
        command.startswith(("celery -A shop.celery ", "kubectl -n market "))
        # kubectl takes no option before the name of its plugin.
        or (command.startswith("kubectl celery ") and command.endswith(" -n market"))
        for command in commands
    )
    if verdict.remedy and "READING" not in verdict.message + verdict.remedy:
        assert commands


@pytest.mark.parametrize(("reason", "variant"), CASES)
def test_no_placeholder_is_left_in_a_text(reason: Reason, variant: str) -> None:
    verdict = sample(reason, variant)
    assert "{" not in verdict.message + verdict.remedy


def test_several_verdicts_of_one_reason_become_one_with_all_subjects() -> None:
    found = merged(Verdict(WorkerReason.DEAF, (pod,), {"evidence": "It is so."}) for pod in ("a", "b", "a"))
    assert found is not None
    assert found.subjects == ("a", "b")
    assert found.message.endswith("(also b).")
    assert merged([]) is None


def test_the_worst_verdict_comes_first() -> None:
    found = worst_first(Verdict(reason) for reason in reversed(REASONS))
    order = list(Severity)
    keys = [(order.index(one.severity), one.entry.rank) for one in found]
    assert keys == sorted(keys)


def test_names_in_celery_commands_are_quoted_for_a_shell() -> None:
    verdict = Verdict(FleetReason.NO_WORKER_CONSUMES, ("a b", "c$d"))
    assert verdict.command(CeleryCommands("sh op")) == "celery -A 'sh op' inspect active_queues -d 'a b,c$d'"


def test_a_reason_is_found_by_its_word() -> None:
    assert WorkerReason.named("Deaf") is WorkerReason.DEAF
    with pytest.raises(ValueError, match="'Unheard' is no WorkerReason"):
        WorkerReason.named("Unheard")
