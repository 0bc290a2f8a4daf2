"""What an application writes: options, the trace, the answers of the WSGI and the ASGI application."""

import asyncio
from pathlib import Path
from typing import Any
from wsgiref.validate import validator

import msgspec
import pytest
from celery import Celery
from celery.utils.imports import symbol_by_name

from celery_health.metrics import MetricsError, asgi_app, serve, wsgi_app
from celery_health.metrics.options import Options, checked
from celery_health.metrics.recorder import Recorder
from celery_health.metrics.trace import trace_id
from celery_health.metrics.worker import REQUEST, WorkerMetrics
from celery_health.wire.task_metrics import TASK_METRICS, TaskMetrics, TaskRuns

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"prefix": "up-stream"}, "such as 'upstream'"),
        ({"prefix": ""}, "such as 'upstream'"),
        ({"prefix": "upstream\n"}, "such as 'upstream'"),
        ({"label": "task_name"}, "are taken"),
        ({"label": "customer_id\n"}, "name of an argument"),
        ({"label": "customer id"}, "name of an argument"),
        ({"values": 0}, "from 1 to 1000"),
        ({"values": 1001}, "from 1 to 1000"),
        ({"buckets": (1, 1)}, "ascending"),
        ({"buckets": ()}, "ascending"),
        ({"buckets": (0, 1)}, "ascending"),
        ({"buckets": (1, float("nan"))}, "ascending"),
        ({"buckets": (1, 1e300)}, "ascending"),
        ({"buckets": (1, 10**400)}, "ascending"),
        ({"buckets": (float("inf"),)}, "ascending"),
        ({"buckets": ("soon",)}, "ascending"),
        ({"buckets": 5}, "ascending"),
        ({"values": "100"}, "values='100': use a number from 1 to 1000"),
        ({"values": 1.5}, "from 1 to 1000"),
        ({"prefix": None}, "such as 'upstream'"),
        ({"label": 7}, "name of an argument"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused_with_what_to_write(
    options: dict[str, Any], advice: str
) -> None:
    good: dict[str, Any] = {"prefix": "celery", "label": None, "values": 100, "buckets": (1, 2)}
    assert checked(**good) == Options("celery", "", 100, (1.0, 2.0))
    with pytest.raises(MetricsError, match=advice):
        checked(**{**good, **options})


def test_a_last_bucket_without_a_bound_may_be_written_as_prometheus_client_takes_it() -> None:
    options = checked("celery", None, 100, (1, 2, float("inf")))
    assert options.buckets == (1.0, 2.0)
    assert TASK_METRICS.decode(Recorder(options).encode()).bounds == (1.0, 2.0)


@pytest.mark.parametrize("port", ["9100", 0, 65_536, None])
def test_a_port_that_cannot_be_used_is_refused_with_what_to_write(port: Any) -> None:
    with pytest.raises(MetricsError, match=r"use a number from 1 to 65535, such as 9100\."):
        serve(port)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, TRACE),
        ({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-00"}, ""),
        ({"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"}, ""),
        ({"traceparent": 'x"} 1'}, ""),
        ({"traceparent": 7}, ""),
        ({}, ""),
    ],
)
def test_only_the_id_of_a_recorded_trace_is_taken(headers: dict[str, Any], found: str) -> None:
    assert trace_id(headers) == found


def nothing() -> None:
    """A task."""


def test_a_task_of_another_application_keeps_no_worker_from_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CELERY_METRICS_DIRECTORY", raising=False)
    mine, other = (Celery(name, set_as_current=False) for name in ("mine", "other"))
    charge = mine.task(nothing, name="charge")
    metrics, begun = WorkerMetrics(), list[str]()
    metrics.monitor(other.task(nothing, name="foreign", shared=False))
    metrics.monitor(charge)
    metrics.when_begun(lambda: begun.append("served"))
    metrics.begin(mine)
    assert begun == ["served"]
    assert charge.Request == REQUEST or issubclass(charge.Request, symbol_by_name(REQUEST))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    document = TaskMetrics(prefix="shop", label="", bounds=(1.0,), runs=[TaskRuns(task="a", started=3)])
    (tmp_path / "0.json").write_bytes(msgspec.json.encode(document))
    return tmp_path


def test_the_wsgi_application_shows_the_folder(folder: Path) -> None:
    sent: list[Any] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/metrics",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_ACCEPT": "application/openmetrics-text",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": _Input(),
        "wsgi.errors": _Errors(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    application: Any = validator(wsgi_app(folder))
    answer = application(environ, lambda *given: sent.append(given))
    try:
        body = b"".join(answer)
    finally:
        answer.close()
    assert sent[0][0] == "200 OK"
    assert dict(sent[0][1])["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert b'shop_background_job_started_total{task_name="a"} 3\n' in body
    assert body.endswith(b"# EOF\n")


def test_the_asgi_application_shows_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_METRICS_DIRECTORY", str(folder))
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> None:
        raise AssertionError("nothing has to be received")

    asyncio.run(asgi_app()({"type": "http", "headers": []}, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 200
    assert dict(sent[0]["headers"])[b"content-type"].startswith(b"text/plain; version=0.0.4")
    assert b'shop_background_job_started_total{task_name="a"} 3\n' in sent[1]["body"]


def test_without_a_folder_the_message_says_which_variable_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CELERY_METRICS_DIRECTORY", raising=False)
    with pytest.raises(MetricsError, match="CELERY_METRICS_DIRECTORY"):
        wsgi_app()


class _Input:
    def read(self, *_: Any) -> bytes:
        return b""

    readline = readlines = __iter__ = read


class _Errors:
    def write(self, _: str) -> None: ...

    def flush(self) -> None: ...

    def writelines(self, _: Any) -> None: ...
