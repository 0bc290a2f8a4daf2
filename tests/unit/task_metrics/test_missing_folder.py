"""A web application shows the metrics of a folder that is not there, or that it cannot read."""

import asyncio
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import msgspec
import pytest

from celery_health.metrics import asgi_app, wsgi_app
from celery_health.task_metrics.files import Place
from celery_health.wire.task_metrics import TaskMetrics, TaskRuns

DOCUMENT = msgspec.json.encode(
    TaskMetrics(prefix="shop", label="", bounds=(1.0,), runs=[TaskRuns(task="a", started=3)])
)


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """A request is no news."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The URL of a real server with the application."""
    with make_server("127.0.0.1", 0, wsgi_app(folder), handler_class=_Quiet) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/metrics"
        finally:
            server.shutdown()
            thread.join(10)


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_missing_folder_is_an_error_until_the_first_worker_creates_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "metrics"
    with served(folder) as url:
        for _ in range(2):
            status, text = get(url)
            assert status == 503
            assert text.startswith(f"The folder {folder} does not exist. The first worker with CELERY")
        assert len(caplog.records) == 1, "it is logged once"
        folder.mkdir()
        # The worker has begun, and has counted nothing yet.
        assert get(url)[0] == 200
        Place(folder / "0.json").write(DOCUMENT)
        status, text = get(url)
        assert (status, 'shop_background_job_started_total{task_name="a"} 3\n' in text) == (200, True)


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "0.json").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "file").write_text("")
    with served(tmp_path) as url:
        assert get(url) == (503, f"No file in {tmp_path} can be read. Give this program read access.\n")
        Place(tmp_path / "1.json").write(DOCUMENT)
        assert get(url)[0] == 200, "what can be read is shown"
    with served(tmp_path / "file") as url:
        assert get(url) == (503, f"{tmp_path / 'file'} is not a folder.\n")


def test_a_folder_that_no_worker_can_create_has_its_own_cause(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    link, loop = tmp_path / "link", tmp_path / "loop"
    link.symlink_to(tmp_path / "nowhere")
    loop.symlink_to(loop)
    causes = {
        link: f"{link} is a link to a folder that does not exist. Create the folder that it names.\n",
        loop: f"The folder {loop} cannot be opened: Too many levels of symbolic links.\n",
        tmp_path / "file" / "f": f"The folder {tmp_path / 'file' / 'f'} cannot be opened: Not a directory.\n",
    }
    for folder, cause in causes.items():
        with served(folder) as url:
            assert get(url) == (503, cause)


def test_a_name_of_a_folder_that_is_no_text_is_no_fault_of_the_application(tmp_path: Path) -> None:
    with served(tmp_path / os.fsdecode(b"\xff")) as url:
        status, text = get(url)
    assert (status, "\\udcff does not exist" in text) == (503, True)


def test_the_asgi_application_answers_the_same(tmp_path: Path) -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> None:
        raise AssertionError("nothing has to be received")

    application = asgi_app(tmp_path / "none")
    asyncio.run(application({"type": "http", "headers": []}, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 503
    assert dict(sent[0]["headers"])[b"content-type"] == b"text/plain; charset=utf-8"
    assert b"does not exist" in sent[1]["body"]
