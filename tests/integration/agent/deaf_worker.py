"""A worker of Celery 5.3 that restarts of its Redis have made deaf, without any help from a test.

A restart may end such a worker instead: the event loop iterates over a set of callbacks, and one of them may
change the set. Which of the two happens depends on the order of the set, so that another worker may differ.
"""

from contextlib import ExitStack
from pathlib import Path

from tools.testbed.celery_versions import CELERY_5_3
from tools.testbed.servers import RedisServer

from tests.integration.agent.harness import AgentWorker, agent_worker

# Measured: three restarts are enough nearly always, and half of the workers survive them.
RESTARTS_AT_MOST = 10
WORKERS_AT_MOST = 25


def deaf_worker(stack: ExitStack, home: Path, redis: RedisServer) -> AgentWorker:
    """The worker; the stack ends it."""
    for attempt in range(WORKERS_AT_MOST):
        worker = stack.enter_context(agent_worker(home / str(attempt), CELERY_5_3, "prefork", redis.url))
        if _becomes_deaf(worker, redis):
            return worker
        assert worker.has_ended(), f"not deaf after {RESTARTS_AT_MOST} restarts"
    raise AssertionError(f"{WORKERS_AT_MOST} workers have ended")


def _becomes_deaf(worker: AgentWorker, redis: RedisServer) -> bool:
    for _ in range(RESTARTS_AT_MOST):
        before = worker.wait_until_consuming()
        redis.restart()
        worker.wait_until(
            lambda report, starts=before.consumer_starts: (  # type: ignore[misc]
                worker.has_ended() or (report.phase == "consuming" and report.consumer_starts > starts)
            )
        )
        if worker.has_ended():
            return False
        if worker.wait_for_beats(2).consuming is False:
            return True
    return False
