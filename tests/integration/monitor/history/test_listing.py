"""Lists of tasks: every filter and every order against the same lists made in Python."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from celery_monitor.history import Count, CursorError, History, Sort, TaskFilter, parse_filter, parse_sort
from celery_monitor.history.reading import conditions, listing, texts
from celery_monitor.history.unused_labels import UnusedLabels
from celery_monitor.records.tasks import TaskRecord
from tests.integration.monitor.history.examples import NOW, finished, many

Meets = Callable[[TaskRecord], bool]


def _wait(record: TaskRecord) -> float:
    first = record.sent if record.sent is not None else record.received
    assert record.started is not None
    assert first is not None
    return record.started - first


def _begin(record: TaskRecord) -> float:
    return min(time for time in (record.sent, record.received) if time is not None)


FILTERS: dict[str, Meets] = {
    "": lambda task: True,
    "state:failure": lambda task: task.state == "FAILURE",
    "state:failure state:lost": lambda task: task.state in ("FAILURE", "LOST"),
    "-state:success -state:failure": lambda task: task.state not in ("SUCCESS", "FAILURE"),
    "state:prog*": lambda task: task.state == "PROGRESS",
    "name:shop.*": lambda task: (task.name or "").startswith("shop."),
    "name:other%_name": lambda task: task.name == "other%_name",
    "-name:shop.*": lambda task: not (task.name or "").startswith("shop."),
    "name:nothing": lambda task: False,
    "worker:*-1 queue:mail": lambda task: task.worker == "celery@web-1" and task.queue == "mail",
    "-queue:mail": lambda task: task.queue != "mail",
    "error:KeyError": lambda task: (task.exception or "").startswith("KeyError"),
    "error:decl*": lambda task: "Declined" in (task.exception or ""),
    "runtime:>2s": lambda task: task.runtime is not None and task.runtime > 2,
    "-runtime:>2s": lambda task: task.runtime is None or task.runtime <= 2,
    "runtime:>=1s runtime:<2s": lambda task: task.runtime is not None and 1 <= task.runtime < 2,
    "wait:>5s": lambda task: _wait(task) > 5,
    "retries:>1": lambda task: task.retries > 1,
    "retries:<1": lambda task: task.retries < 1,
    "twice:yes": lambda task: task.run_twice,
    "twice:no": lambda task: not task.run_twice,
    "arg:42": lambda task: (task.args or "").startswith("(42,"),
    "arg:7": lambda task: (task.args or "").startswith("(7,"),
    "arg:User7": lambda task: "'User7'" in (task.args or ""),
    "arg:User7*": lambda task: "'User7" in (task.args or ""),
    "-arg:42": lambda task: not (task.args or "").startswith("(42,"),
    "arg:[x]": lambda task: "[x]" in (task.kwargs or ""),
    "shop": lambda task: "shop" in f"{task.name} {task.exception}",
    "-shop": lambda task: "shop" not in f"{task.name} {task.exception}",
    "BILLING.close": lambda task: task.name == "billing.close",
    "er%_na currency": lambda task: task.name == "other%_name" and "currency" in (task.kwargs or ""),
    "text:user7": lambda task: "User7" in (task.args or ""),
    "100%_SURE": lambda task: "100%_sure" in (task.kwargs or ""),
    '"100%_sure [x]"': lambda task: "100%_sure" in (task.kwargs or ""),
    "declined": lambda task: "Declined" in (task.exception or ""),
    "-text:declined": lambda task: "Declined" not in (task.exception or ""),
    "result:sent state:failure": lambda task: task.state == "FAILURE",
    "nothing-like-this": lambda task: False,
    "before:2026-11-29T05:00Z": lambda task: _begin(task) < 1795928400,
    "after:1h": lambda task: _begin(task) >= NOW - 3600,
    "ended:1h": lambda task: task.finished is not None and task.finished >= NOW - 3600,
    "-ended:1h": lambda task: task.finished is None or task.finished < NOW - 3600,
    "-after:1h": lambda task: _begin(task) < NOW - 3600,
    "name:shop.pay state:failure wait:>1s Declined": lambda task: (
        task.name == "shop.pay"
        and task.state == "FAILURE"
        and _wait(task) > 1
        and "Decl" in str(task.exception)
    ),
}
TASKS = many(7_000)


async def _ids(history: History, task_filter: TaskFilter, sort: Sort, limit: int = 1_000) -> list[str]:
    found, cursor = [], None
    while True:
        page = await history.tasks(task_filter, sort, cursor, limit)
        found += [record.id for record in page.items]
        if page.next_cursor is None:
            return found
        assert len(page.items) == limit
        cursor = page.next_cursor


async def test_every_filter_finds_what_it_says(history: History) -> None:
    history._clock = lambda: NOW
    await history.write(TASKS)
    for text, meets in FILTERS.items():
        found = await _ids(history, parse_filter(text), Sort())
        expected = sorted(filter(meets, TASKS), key=_begin, reverse=True)
        assert found == [record.id for record in expected], text


async def test_a_pattern_stands_for_all_labels_that_match(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conditions, "_MOST_LABELS", 2)
    history._clock = lambda: NOW
    await history.write(TASKS[:200])
    for text in ("worker:celery@*", "-worker:*web-*"):
        expected = 0 if text.startswith("-") else 200
        assert len(await _ids(history, parse_filter(text), Sort())) == expected, text


async def test_every_order_lists_each_task_once(history: History) -> None:
    history._clock = lambda: NOW
    await history.write(TASKS)
    values: dict[str, Callable[[TaskRecord], object]] = {
        "time": _begin,
        "runtime": lambda task: task.runtime,
        "wait": _wait,
        "name": lambda task: task.name,
        "state": lambda task: task.state,
        "worker": lambda task: task.worker,
        "queue": lambda task: task.queue,
    }
    for text in (
        "",
        "state:failure",
        "name:shop.*",
        "arg:42",
        "text:currency",
        "shop",
        "-state:success -state:failure",
    ):
        for key, value in values.items():
            for sign in ("", "-"):
                ids = await _ids(history, parse_filter(text), parse_sort(sign + key), 500)
                tasks = {record.id: record for record in filter(FILTERS.get(text, _all(text)), TASKS)}
                assert len(ids) == len(set(ids)) == len(tasks), (text, sign + key)
                found = [value(tasks[identity]) for identity in ids]
                known = [item for item in found if item is not None]
                assert found == known + [None] * (len(found) - len(known)), (text, sign + key)
                assert known == sorted(known, reverse=bool(sign)), (text, sign + key)  # type: ignore[type-var]


@pytest.mark.parametrize(("sort", "narrow"), [("time", 10), ("-time", 10), ("-time", 150), ("queue", 10)])
async def test_the_tasks_of_a_common_label_are_read_in_their_order(
    history: History, monkeypatch: pytest.MonkeyPatch, sort: str, narrow: int
) -> None:
    for module in (conditions, listing, texts):
        monkeypatch.setattr(module, "NARROW", narrow)
    await history.write(TASKS[:1_500])
    for text in ("state:failure", "worker:*-1 queue:mail", "arg:User7*", "shop"):
        meets = FILTERS[text]
        found = await _ids(history, parse_filter(text), parse_sort(sort), 40)
        expected = sorted(filter(meets, TASKS[:1_500]), key=_begin, reverse=sort != "time")
        if sort == "queue":
            expected.sort(key=lambda task: (task.queue is None, task.queue))
        assert found == [record.id for record in expected], text
        assert await history.count(parse_filter(text)) == Count(len(expected), exact=True)


async def test_a_rare_word_is_found_by_indexes_alone(history: History) -> None:
    await history.write([*TASKS[:5_000], finished("by-name", name="shop.charge_card", sent=NOW - 9_000)])
    await history.write([finished("by-text", exception="TypeError('charge_card() takes 1 argument')")])
    assert await _ids(history, parse_filter("charge_card"), Sort()) == ["by-text", "by-name"]
    assert await history.count(parse_filter("charge_card")) == Count(2, exact=True)
    database = history._database
    if not history.is_file:
        async with database.writing() as session:
            await session.execute(f"ANALYZE {database.prefix}job_executions")
    async with database.reading() as session:
        found = await conditions.Conditions(database, session, NOW).of(parse_filter("charge_card"))
        explain = "EXPLAIN QUERY PLAN" if history.is_file else "EXPLAIN"
        plan = await session.rows(
            f"{explain} SELECT at, id FROM {database.prefix}job_executions WHERE {found[0].sql} "
            "ORDER BY at DESC, id DESC LIMIT 100",
            found[0].parameters,
        )
    assert "job_executions_name_id" in str(plan)
    assert "SCAN job_executions" not in str(plan)
    assert "Seq Scan" not in str(plan)


async def test_many_words_in_many_names_fit_into_one_statement(history: History) -> None:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR"
    await history.write([finished(name=f"{letters}-{number:04}") for number in range(1_800)])
    words = [letters[at : at + 3] for at in range(40)]
    assert await history.count(parse_filter(" ".join(words))) == Count(1_800, exact=True)
    assert len((await history.tasks(parse_filter(" ".join(words)), limit=50)).items) == 50
    without = " ".join(f"-name:{letters}-{number}*" for number in range(2))
    assert await history.count(parse_filter(without)) == Count(0, exact=True)


async def test_a_text_with_the_characters_of_the_word_in_another_order_is_not_counted(
    history: History,
) -> None:
    await history.write([finished("a", result="'abc bcd cde def'"), finished("b", result="'abcdef'")])
    assert await history.count(parse_filter("abcdef")) == Count(1, exact=True)


def _all(text: str) -> Meets:
    word = text.removeprefix("text:")
    return lambda task: word in f"{task.args} {task.kwargs} {task.exception} {task.result}"


NAMES = ["Zebra", "apple", "a-1", "A1", "shop_b", "shop.b", "Äpfel", "äpfel", "éclair", "zoo"]


@pytest.mark.parametrize("database", ["sqlite", "english"])
async def test_texts_are_sorted_by_their_bytes_in_every_database(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    url = (
        f"sqlite:///{tmp_path}/history.db" if database == "sqlite" else request.getfixturevalue("english_url")
    )
    history = await History.open(url)
    await history.write([finished(f"{name}-{part}", name=name) for name in NAMES for part in range(2)])
    found = await _ids(history, parse_filter(""), parse_sort("name"), limit=3)
    assert [identity[:-2] for identity in found[::2]] == sorted(NAMES)
    for prefix in ("a", "A", "shop", "Ä", "é"):
        found = await _ids(history, parse_filter(f"id:{prefix}*"), parse_sort("name"))
        assert {identity[:-2] for identity in found} == {name for name in NAMES if name.startswith(prefix)}
    assert await _ids(history, parse_filter("name:APPLE"), Sort()) == ["apple-1", "apple-0"]
    assert await _ids(history, parse_filter("name:ÉCLAIR"), Sort()) == []
    await history.close()


async def test_a_page_has_no_runs_and_no_traceback(history: History) -> None:
    failed = finished(state="FAILURE", exception="KeyError('x')", traceback="Traceback: KeyError")
    await history.write([failed])
    (record,) = (await history.tasks(TaskFilter())).items
    assert record.id == failed.id
    assert (record.runs, record.traceback) == ([], None)


async def test_tasks_that_arrive_between_two_pages_move_nothing(history: History) -> None:
    await history.write(TASKS[:100])
    first = await history.tasks(TaskFilter(), limit=60)
    await history.write(TASKS[100:200])
    second = await history.tasks(TaskFilter(), cursor=first.next_cursor, limit=60)
    expected = [record.id for record in sorted(TASKS[:100], key=_begin, reverse=True)]
    assert [record.id for record in (*first.items, *second.items)] == expected
    assert second.next_cursor is None


@pytest.mark.parametrize("narrow", [5_000, 1])
async def test_a_list_goes_on_behind_a_label_that_is_gone(
    history: History, monkeypatch: pytest.MonkeyPatch, narrow: int
) -> None:
    for module in (conditions, listing, texts):
        monkeypatch.setattr(module, "NARROW", narrow)
    all_of_shop = parse_filter("name:shop.mail")
    ended = {state: finished(state, state=state) for state in ("FAILURE", "SUCCESS")}
    for sort, last in (("state", "SUCCESS"), ("-state", "FAILURE")):
        running = [finished(f"{sort}-{number}", state="STARTED", updated=NOW) for number in range(2)]
        await history.write([*ended.values(), *running])
        first = await history.tasks(all_of_shop, parse_sort(sort), limit=2)
        assert first.items[-1].state == "STARTED"
        await history.write([finished(record.id, state="LOST", updated=NOW + 9) for record in running])
        async with history._database.writing() as session:
            assert await UnusedLabels(history._database.prefix).delete_chunk(session) == 1
        rest = await history.tasks(all_of_shop, parse_sort(sort), first.next_cursor)
        assert [record.id for record in rest.items if record.state == last] == [last]


async def test_a_cursor_belongs_to_its_list(history: History) -> None:
    await history.write(TASKS[:100])
    cursor = (await history.tasks(TaskFilter(), limit=10)).next_cursor
    assert cursor is not None
    with pytest.raises(CursorError, match="another filter or another order"):
        await history.tasks(parse_filter("state:success"), cursor=cursor)
    with pytest.raises(CursorError, match="another filter or another order"):
        await history.tasks(TaskFilter(), parse_sort("name"), cursor)
    for damaged in ("", "x", "!", "x" * 1000, cursor[:-3], re.sub("[a-z]", "é", cursor)):
        with pytest.raises(CursorError, match="start again"):
            await history.tasks(TaskFilter(), cursor=damaged)


async def test_tasks_are_read_by_their_ids_in_the_order_of_the_ids(history: History) -> None:
    await history.write([finished(identity) for identity in ("a", "b*", "bc")])
    found = await history.tasks_by_id(["b*", "unknown", "a"])
    assert [record.id for record in found] == ["b*", "a"]
    assert await history.tasks_by_id([]) == []
