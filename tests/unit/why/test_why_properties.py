"""Whatever is known of a task, there is exactly one answer."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from celery_health.why.decide import why
from celery_health.why.facts import (
    BlockingTask,
    Group,
    Holder,
    Place,
    Queue,
    Sources,
    TaskFacts,
)
from celery_health.why.reasons import WhyReason

TIMES = st.floats(allow_nan=False, allow_infinity=False, width=32)
SECONDS = st.floats(min_value=0, max_value=1e9)
TEXT = st.text(max_size=20)


def some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


HOLDERS = st.builds(
    Holder,
    worker=TEXT,
    since=some(TIMES),
    slots=some(st.integers(0, 100)),
    blocking=st.lists(st.builds(BlockingTask, TEXT, TEXT, some(SECONDS)), max_size=3).map(tuple),
    rate_limit=some(TEXT),
    fault=some(TEXT),
)
QUEUES = st.builds(
    Queue,
    name=TEXT,
    ready=some(st.integers(0, 10**6)),
    ahead=some(st.integers(0, 10**6)),
    consumers=some(st.integers(0, 9)),
    workers=some(st.lists(TEXT, max_size=3).map(tuple)),
    deaf=st.lists(TEXT, max_size=3).map(tuple),
    slots=some(st.integers(0, 100)),
    rate=some(SECONDS),
)
FACTS = st.builds(
    TaskFacts,
    id=TEXT,
    now=TIMES,
    name=some(TEXT),
    sent=some(TIMES),
    received=some(TIMES),
    started=some(TIMES),
    finished=some(TIMES),
    eta=some(TIMES),
    expires=some(TIMES),
    p99=some(SECONDS),
    redelivery=some(SECONDS),
    holder=some(HOLDERS),
    queue=some(QUEUES),
    group=some(
        st.builds(Group, TEXT, some(st.integers(0, 3)), some(st.integers(0, 3)), some(TEXT), some(TEXT))
    ),
    place=st.just(Place()) | st.builds(Place, TEXT, TEXT, TEXT),
    sources=st.builds(Sources, broker=TEXT, broker_error=some(TEXT), not_searched=st.just(("Not all.",))),
)


@given(FACTS)
def test_there_is_always_exactly_one_answer(known: TaskFacts) -> None:
    answer = why(known)

    assert WhyReason(answer.reason)
    assert answer.sentence
    assert answer.sentence.isprintable()
    assert answer.short_sentence.isprintable()
    assert "None" not in answer.sentence.replace(known.id, "").replace(str(known.name), "")
    assert len(answer.evidence) <= 20
    assert all(line.isprintable() for line in answer.evidence)
    assert "\n" not in answer.command
