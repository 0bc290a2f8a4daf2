"""Labels and their bounds."""

from celery_monitor.metrics import task_counts
from celery_monitor.metrics.labels import Labels
from celery_monitor.metrics.task_counts import Kind, TaskCounts


def test_a_series_for_which_there_is_no_room_is_counted_as_other() -> None:
    counts = TaskCounts(Labels())
    for number in range(task_counts.MAX_SERIES + 50):
        counts.count(Kind.RECEIVED, f"task-{number}", "w1@a", "mail")
        counts.failed(f"task-{number}", "w1@a", "mail", "KeyError()")
        counts.ran(f"task-{number}", "w1@a", "mail", 1.0)

    received = counts.counts[Kind.RECEIVED]
    assert len(received) == task_counts.MAX_SERIES + 1
    assert received["other", "other", "other"] == 50
    assert counts.failures["other", "other", "other", "other"] == 50
    assert sum(counts.runtime.cells["other", "other", "other"]) == 50
    assert counts.overflow == 150


def test_in_a_cluster_the_group_is_the_label_and_never_the_pod() -> None:
    labels = Labels()
    labels.by_group, labels.group_of = True, {"mail@pod-1": "mail"}.get
    counts = TaskCounts(labels)

    counts.count(Kind.RECEIVED, "shop.mail", "mail@pod-1", "mail")
    counts.count(Kind.RECEIVED, "shop.mail", "mail@pod-2", "mail")

    assert set(counts.counts[Kind.RECEIVED]) == {
        ("shop.mail", "mail", "mail"),
        ("shop.mail", "unknown", "mail"),
    }


def test_the_series_of_a_worker_that_is_gone_end() -> None:
    counts = TaskCounts(Labels())
    for worker in ("w1@a", "w1@b"):
        counts.count(Kind.RECEIVED, "shop.mail", worker, "mail")
        counts.ran("shop.mail", worker, "mail", 1.0)
        counts.failed("shop.mail", worker, "mail", None)

    counts.forget_host("a")

    assert [key[1] for key in counts.counts[Kind.RECEIVED]] == ["b"]
    assert [key[1] for key in counts.failures] == ["b"]
    assert [key[1] for key in counts.runtime.cells] == ["b"]
    assert [key[1] for key in counts.runtime.sums] == ["b"]


def test_hostile_names_are_cut() -> None:
    counts = TaskCounts(Labels())
    counts.failed("n" * 5000, "w1@" + "h" * 5000, "q" * 5000, "E" * 5000)

    (key,) = counts.failures
    assert all(len(value) <= 200 for value in key)


def test_a_failure_without_a_readable_exception_is_unknown() -> None:
    counts = TaskCounts(Labels())
    counts.failed("shop.mail", "w1@a", "mail", "<weird>")

    assert list(counts.failures) == [("shop.mail", "a", "mail", "unknown")]
