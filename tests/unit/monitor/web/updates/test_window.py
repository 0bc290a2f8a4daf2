"""The newest tasks of a filter, against a list that is made anew."""

from hypothesis import given
from hypothesis import strategies as st

from celery_monitor.web.updates.feeds.window import Change, Row, Window

Task = tuple[int, bool]
"""When it was sent, and whether it meets the filter."""


def row(number: int, at: int) -> Row:
    key = b"%02d" % number
    return Row(float(at), key, b"%d" % at)


def newest(tasks: dict[int, Task], limit: int) -> list[Row]:
    rows = [row(number, at) for number, (at, belongs) in tasks.items() if belongs]
    return sorted(rows, key=lambda one: (one.at, one.key), reverse=True)[:limit]


def window_of(tasks: dict[int, Task], limit: int, reserve: int) -> Window:
    found = newest(tasks, limit + reserve)
    return Window(limit, reserve, found, complete=len(newest(tasks, 1_000)) <= limit + reserve)


def change(number: int, at: int, belongs: bool) -> Change:
    made = row(number, at)
    return Change(made.at, made.key, lambda: belongs, lambda: made.document)


TASKS = st.dictionaries(st.integers(0, 20), st.tuples(st.integers(0, 40), st.booleans()), max_size=15)
BATCHES = st.lists(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 60), st.booleans()), max_size=5), max_size=10
)


@given(TASKS, BATCHES, st.integers(1, 6), st.integers(0, 4))
def test_the_window_has_the_newest_tasks_of_the_filter(
    tasks: dict[int, Task], batches: list[list[tuple[int, int, bool]]], limit: int, reserve: int
) -> None:
    # Of two tasks at one moment, any may be the newer one: the list is compared without such pairs.
    tasks = {number: (at * 100 + number, belongs) for number, (at, belongs) in tasks.items()}
    window = window_of(tasks, limit, reserve)
    for batch in batches:
        changes = []
        for number, at, belongs in batch:
            tasks[number] = (at * 100 + number, belongs)
            changes.append(change(number, at * 100 + number, belongs))
        window.apply(changes)
        if window.is_short:
            window = window_of(tasks, limit, reserve)
        assert list(window.documents().values()) == [one.document for one in newest(tasks, limit)]


def test_a_task_that_leaves_the_list_makes_place_for_one_of_the_reserve() -> None:
    window = Window(2, 1, [row(3, 30), row(2, 20), row(1, 10)], complete=False)
    assert window.apply([change(3, 30, belongs=False)])
    assert list(window.documents().values()) == [b"20", b"10"]
    assert not window.is_short
    window.apply([change(2, 20, belongs=False)])
    assert window.is_short


def test_a_task_that_is_older_than_the_window_is_not_even_compared_with_the_filter() -> None:
    window = Window(1, 0, [row(3, 30)], complete=False)

    def asked() -> bool:
        raise AssertionError

    assert not window.apply([Change(10.0, b"01", asked, lambda: b"")])
