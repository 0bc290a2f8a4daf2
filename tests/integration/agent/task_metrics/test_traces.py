"""The histogram carries the trace that opentelemetry-instrumentation-celery has sent with the task."""

from pathlib import Path

from tools.testbed.celery_versions import TRACED
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from celery_health.task_metrics.files import read_folder
from tests.integration.agent.harness import AgentWorker, agent_worker
from tests.integration.agent.task_metrics.counted import ARGUMENTS, metrics_folder, sdk_path

# A program as users have it: a span is active, and the library propagates it.
SENDER = """
from opentelemetry import trace
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.sdk.trace import TracerProvider

trace.set_tracer_provider(TracerProvider())
CeleryInstrumentor().instrument()

from agent_app import app

with trace.get_tracer("shop").start_as_current_span("order") as span:
    app.send_task("agent_metrics.charge", ("7",))
    print(format(span.get_span_context().trace_id, "032x"))
"""


def traces(worker: AgentWorker) -> set[str]:
    found = read_folder(metrics_folder(worker)).documents
    durations = [one for document in found for one in document.durations]
    return {exemplar.trace_id for one in durations for exemplar in one.exemplars.values()}


def test_the_trace_of_the_sender_is_the_exemplar_of_the_run(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        agent_worker(
            tmp_path, TRACED, "prefork", redis.url, arguments=ARGUMENTS, env=sdk_path(tmp_path)
        ) as worker,
    ):
        worker.wait_until_consuming()
        sent = worker.command("-c", SENDER)
        assert sent.returncode == 0, sent.stderr
        wait_for(lambda: traces(worker) == {sent.stdout.strip()}, 60, worker.log)
