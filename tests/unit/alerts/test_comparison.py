"""Evidence reads as PromQL, and is evaluated as Prometheus does."""

from collections.abc import Iterable, Mapping

import pytest

from celery_health.alerts.comparison import Comparison, Conjunction, Evidence, LabelSet, Matcher, condition_is

SAMPLES: dict[str, list[tuple[Mapping[str, str], float]]] = {
    "ready": [
        ({"queue": "mail", "pod": "a"}, 3.0),
        ({"queue": "mail", "pod": "b"}, 7.0),
        ({"queue": "print"}, 5.0),
    ],
    "consuming": [({"group": "a"}, 0.0), ({"group": "b"}, 0.0), ({"group": "c"}, 0.0), ({"group": "d"}, 1.0)],
    "desired": [({"group": "a"}, 2.0), ({"group": "b"}, 2.0), ({"group": "c"}, 0.0), ({"group": "d"}, 1.0)],
    "unknown": [({"group": "b"}, 1.0)],
    "celery_deployment_condition": [({"condition": "BeatHealthy", "reason": "NotRunning"}, 0.0)],
}
DOWN = Conjunction(
    Comparison("consuming", "==", "0", ("group",)),
    (
        ("and", Comparison("desired", ">", "0", ("group",))),
        ("unless", Comparison("unknown", ">", "0", ("group",))),
    ),
)


def samples(name: str) -> Iterable[tuple[Mapping[str, str], float]]:
    return SAMPLES.get(name, ())


CASES: list[tuple[str, Evidence, dict[LabelSet, float]]] = [
    ("the greatest value of a label", Comparison("ready", ">", "6", ("queue",)), {(("queue", "mail"),): 7.0}),
    ("a threshold", Comparison("ready", ">", "@messages@", ("queue",)), {(("queue", "mail"),): 7.0}),
    ("nothing without a sample", Comparison("other", "==", "0"), {}),
    ("what is met beside it", DOWN, {(("group", "a"),): 0.0}),
    ("a condition", condition_is("BeatHealthy", False), {(): 0.0}),
    (
        "a condition with a reason",
        condition_is("BeatHealthy", False, reasons=("NotRunning", "Stuck")),
        {(): 0.0},
    ),
    ("no condition with another reason", condition_is("BeatHealthy", False, but=("NotRunning",)), {}),
    ("no condition with another value", condition_is("BeatHealthy", True), {}),
]


@pytest.mark.parametrize(("evidence", "found"), [pytest.param(*row[1:], id=row[0]) for row in CASES])
def test_the_evidence_is(evidence: Evidence, found: dict[LabelSet, float]) -> None:
    assert evidence.evaluate(samples, lambda text: text.replace("@messages@", "5")) == found


@pytest.mark.parametrize(
    ("matcher", "text"),
    [
        (Matcher("reason", ("A",)), 'reason="A"'),
        (Matcher("reason", ("A", "B")), 'reason=~"A|B"'),
        (Matcher("reason", ("A",), excluded=True), 'reason!="A"'),
        (Matcher("reason", ("A", "B"), excluded=True), 'reason!~"A|B"'),
    ],
)
def test_a_matcher_reads_as_promql(matcher: Matcher, text: str) -> None:
    assert str(matcher) == text


def test_the_condition_of_an_evidence_is_named() -> None:
    assert condition_is("BeatHealthy", False).condition == "BeatHealthy"
    assert DOWN.condition is None
