"""The filter in memory against the same filter on both databases."""

import random
import time
import uuid

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from celery_monitor.history import History, TaskFilter, parse_filter
from celery_monitor.history.filters import FIELDS, FilterError, Term
from celery_monitor.history.filters.matching import StoredTask
from celery_monitor.history.filters.parsing import term_of
from celery_monitor.records.states import FAILURE, LOST, RETRY, SUCCESS
from celery_monitor.records.tasks import TaskRecord
from tests.integration.monitor.history.examples import NOW, finished

WORDS = [
    "Mail",
    "mail",
    "MAIL",
    "shop",
    "None",
    "none",
    "()",
    "[]",
    "[x]",
    "100%_sure",
    "a_b",
    "a-b",
    "Größe",
    "größe",
    "ÉTÉ",
    "été",
    "ΣΊΣ",
    "0",
    "42",
    "421",
    "4.2",
    "7",
    "»7«",
    "§42§",
    "é7",
    "_7",
    "x",
    "é",
    "KeyError",
    "Declined",
    "timeout",
    "\\d",
    "a*b",
    "?",
    "!",
    "'",
    '"q"',
]
IDS = [str(uuid.UUID(int=number, version=4)) for number in range(1, 6)] + ["5f2c", "5f2c-7", "5F2C", "%_"]


def text(choose: random.Random) -> str | None:
    if choose.random() < 0.15:
        return choose.choice([None, "", "None", "()", "{}", "[]"])
    return choose.choice(["({})", "['{}', 1]", "{}", "{{'k': '{}'}}", "{}\n"]).format(
        choose.choice([" ", "", "_", ", "]).join(choose.choices(WORDS, k=choose.randint(1, 3)))
    )


def records(count: int, seed: int) -> list[TaskRecord]:
    """Tasks in which every field differs, with texts that databases compare in their own ways."""
    choose = random.Random(seed)
    found = {}
    for number in range(count):
        error = choose.choice([None, None, "KeyError('x')", "shop.Declined(42)", "Größe: zu groß", "???"])
        place = choose.choice([None, '  File "/srv/shop/tasks.py", line 42, in charge\n'])
        sent = choose.choice([None, NOW - choose.randint(0, 9) * 1800])
        identity = choose.choice(IDS) if number < 40 else f"{choose.choice(IDS)}-{number}"
        found[identity] = finished(
            identity,
            name=choose.choice([None, *WORDS]),
            state=choose.choice([SUCCESS, FAILURE, RETRY, LOST, "PROGRESS", "MAIL_SENT"]),
            worker=choose.choice(["celery@a", "celery@A", "w_1", "wx1", None]),
            queue=choose.choice([None, "mail", "größe", "a%b"]),
            root_id=choose.choice([None, identity, *IDS]),
            parent_id=choose.choice([None, *IDS]),
            sent=sent,
            received=choose.choice([None, NOW - 1800 * choose.randint(0, 9)]),
            started=choose.choice([None, NOW + choose.choice([0.0, 0.5, 5.0])]),
            runtime=choose.choice([None, 0.0, 0.5, 30.0]),
            retries=choose.choice([0, 0, 1, 2, 3]),
            run_twice=choose.random() < 0.2,
            args=text(choose),
            kwargs=text(choose),
            exception=error,
            traceback=place,
            result=text(choose),
        )
    return list(found.values())


_WORD = [*WORDS, "*", "m*l", "*il*", "Gr*E", "sho*", "no*", "N*e", "7*", "*42", "x 7", "42, *7", "a-b *"]
_SPANS = [">0s", ">=500ms", "<30s", "<=0s", ">1h"]
_MOMENTS = ["1h", "2h", "0s", "2026-11-29", "2026-11-29T05:00Z", "1w"]
_IDS = [*IDS, "5f2c*", "5F*", "*", "0*"]
VALUES = {
    "state": ["success", "failure", "LOST", "prog*", "*", "mail_sent", "mail-sent"],
    "id": _IDS,
    "root": _IDS,
    "parent": _IDS,
    "runtime": _SPANS,
    "wait": _SPANS,
    "retries": [">0", ">=0", "<1", "<=2", ">2", ">=2"],
    "after": _MOMENTS,
    "before": _MOMENTS,
    "ended": _MOMENTS,
    "twice": ["yes", "no"],
}


@st.composite
def terms(draw: st.DrawFn) -> Term | None:
    # The fields of texts are drawn more often: databases differ in them.
    field = draw(st.sampled_from([*sorted(FIELDS), *["arg", "text", "result"] * 3]))
    try:
        return term_of(field, draw(st.sampled_from(VALUES.get(field, _WORD))), negated=draw(st.booleans()))
    except FilterError:
        return None


FILTERS = st.lists(terms(), min_size=1, max_size=4).map(
    lambda found: TaskFilter(tuple(dict.fromkeys(term for term in found if term is not None)))
)


async def test_a_filter_finds_in_memory_what_it_finds_in_the_database(history: History) -> None:
    stored: dict[str, StoredTask] = {}
    history.follow(lambda tasks: stored.update({task.record.id: task for task in tasks}))
    written = records(300, seed=5)
    for start in range(0, len(written), 60):
        await history.write(written[start : start + 60])
    filters: list[TaskFilter] = []

    @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(FILTERS)
    def collect(task_filter: TaskFilter) -> None:
        filters.append(task_filter)

    collect()
    for task_filter in filters:
        matches, now = await history.matcher(task_filter), time.time()
        found = {identity for identity, task in stored.items() if matches(task, now)}
        listed = {record.id for record in (await history.tasks(task_filter, limit=1_000)).items}
        assert found == listed, f"{task_filter} differs in {found ^ listed}"


async def test_what_was_written_is_what_a_query_reads(history: History) -> None:
    stored: dict[str, StoredTask] = {}
    history.follow(lambda tasks: stored.update({task.record.id: task for task in tasks}))
    await history.write(records(50, seed=6))
    await history.write(records(50, seed=7))
    for identity, task in stored.items():
        assert await history.task(identity) == task.record


async def test_texts_without_an_entry_in_the_index_are_found(history: History) -> None:
    await history.write(
        [finished("a", result="None", args="()", kwargs="{}"), finished("b", result="'None'")]
    )
    for text in ("result:None", "text:none", "result:one", "arg:()", 'arg:") {"', "arg:(*}"):
        listed = await history.tasks(parse_filter(text))
        assert "a" in {record.id for record in listed.items}, text


async def test_a_value_that_begins_in_positional_and_ends_in_named_arguments_is_found(
    history: History,
) -> None:
    await history.write(
        [finished("a", args="a-b", kwargs="None"), finished("b", args="word", kwargs="{'n': 7}")]
    )
    for text, identity in (
        ('arg:"a-b *"', "a"),
        ('arg:"a-b None"', "a"),
        ("arg:a-b*one", "a"),
        ('arg:"word {"', "b"),
        ("arg:word*7", "b"),
    ):
        assert [task.id for task in (await history.tasks(parse_filter(text))).items] == [identity], text
