"""What the operator says of workers."""

from msgspec import structs

from celery_monitor.live.workers import Workers
from tests.unit.monitor.live.test_workers import push, pushed_worker
from tests.unit.monitor.live.worlds import NOW


def test_a_worker_that_does_as_it_should_has_no_verdict() -> None:
    workers = Workers({})
    sentence = "The worker consumes from 3 queues."
    for reason, verdict in (("Consuming", None), ("Busy", None), ("Deaf", sentence), ("Draining", sentence)):
        reported = structs.replace(pushed_worker("mail@pod", age=1.0), reason=reason, message=sentence)
        workers.on_push(push(reported), NOW)
        assert workers.views()[0].verdict == verdict


def test_a_process_that_has_no_name_yet_is_no_worker() -> None:
    workers = Workers({})

    workers.on_push(push(pushed_worker("", age=1.0), pushed_worker("mail@pod", age=1.0)), NOW)

    assert [view.name for view in workers.views()] == ["mail@pod"]
