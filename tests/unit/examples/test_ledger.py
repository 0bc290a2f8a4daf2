"""The ledger of the example: what its counts mean."""

from shop.ledger import Entry, Event, Summary, summarize


def entries(*steps: tuple[str, Event]) -> list[Entry]:
    return [
        Entry(task=task, event=event, worker="orders@a", time=float(n))
        for n, (task, event) in enumerate(steps)
    ]


def test_an_empty_ledger_counts_nothing() -> None:
    assert summarize([]) == Summary(sent=0, succeeded=0, failed=0, open=0, doubled=0, workers=0)


def test_a_task_that_was_retried_and_then_succeeded_is_one_task_that_ended() -> None:
    counts = summarize(
        entries(
            ("a", Event.SENT),
            ("a", Event.STARTED),
            ("a", Event.RETRIED),
            ("a", Event.STARTED),
            ("a", Event.SUCCEEDED),
        )
    )

    assert counts == Summary(sent=1, succeeded=1, failed=0, open=0, doubled=0, workers=1)


def test_a_task_that_was_started_and_never_ended_is_open() -> None:
    counts = summarize(entries(("a", Event.SENT), ("a", Event.STARTED), ("b", Event.SENT)))

    assert (counts.sent, counts.open) == (2, 2)


def test_a_task_that_ended_twice_is_doubled_and_counted_once() -> None:
    counts = summarize(entries(("a", Event.SENT), ("a", Event.SUCCEEDED), ("a", Event.SUCCEEDED)))

    assert (counts.succeeded, counts.doubled, counts.open) == (1, 1, 0)


def test_the_order_of_the_entries_does_not_matter() -> None:
    steps = entries(("a", Event.SUCCEEDED), ("a", Event.STARTED), ("a", Event.SENT))

    assert summarize(steps) == summarize(reversed(steps))
