"""Secrets are planted wherever the monitor gets some. No answer to anyone, no metric and no log has one."""

import base64
import json
import math
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from celery import Celery
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from celery_monitor.settings import Role
from tests.integration.monitor.monitor_process import API, Monitor, monitor

TASK = "planted-in-a-task"
# Each has characters that URLs and headers encode, or is as long as a token has to be.
BROKER, RESULTS, DATABASE = "brk/+7Qx?&z", "res/+4Vt?&z", "dbs/+9Kw?&z"
MANAGEMENT = "mgt/+2Jh?&z"
TOKENS = {role: f"static-Zk41-{role.value}-Lp93xv" for role in Role}
JWT_SECRET, SESSION_SECRET, PUSH_TOKEN = "jwt-Rm28-" * 5, "ses-Hn63-" * 5, "push-Tb57-Wc80-Yd16"
ARGUMENT, NESTED, RESULT = "arg-Fq19vz", "nst-Gs72vz", "rsl-Bx35vz"
IN_URL, IN_TRACEBACK, IN_HEADER = "url-Dj48vz", "trc-Ek56vz", "bea-Mn61vz"
WRONG_TOKEN = "wrong-Pa94-Uc27-Xe05"
SECRETS = {
    name: value
    for name, value in globals().items()
    if name.isupper() and isinstance(value, str) and name not in {"TASK", "API"}
} | {f"TOKEN_{role}": secret for role, secret in TOKENS.items()}


def forms(secret: str) -> Iterator[str]:
    """The secret as it is, and as URLs, JSON and base64 (wherever it begins in the encoded text) write it."""
    yield from {secret, quote(secret, safe=""), quote_plus(secret), quote(secret), json.dumps(secret)[1:-1]}
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"x" * before + secret.encode()).decode()
            # The signs at both ends also depend on what stands before and after the secret.
            yield text[math.ceil(before * 8 / 6) : (before + len(secret)) * 8 // 6]


def found_in(text: str) -> set[str]:
    """The names of the secrets in a text."""
    return {name for name, secret in SECRETS.items() if any(form in text for form in forms(secret))}


def test_a_secret_is_found_in_each_form() -> None:
    for text in (
        BROKER,
        f"redis://:{quote(BROKER, safe='')}@host",
        base64.b64encode(f"user:{BROKER}!".encode()).decode(),
        base64.urlsafe_b64encode(f"x{BROKER}".encode()).decode(),
    ):
        assert found_in(text) == {"BROKER"}


def _variables(folder: Path) -> dict[str, str]:
    tokens = folder / "tokens"
    tokens.write_text("".join(f"the-{role} {role} {secret}\n" for role, secret in TOKENS.items()))
    return {
        "CELERY_MONITOR_TOKEN_FILE": str(tokens),
        "CELERY_MONITOR_JWT_SECRET": JWT_SECRET,
        "CELERY_MONITOR_SESSION_SECRET": SESSION_SECRET,
        "CELERY_MONITOR_PUSH_TOKEN": PUSH_TOKEN,
        "CELERY_MONITOR_MANAGEMENT_URL": f"http://user:{quote(MANAGEMENT, safe='')}@127.0.0.1:1",
        "CELERY_RESULT_BACKEND": f"redis://:{quote(RESULTS, safe='')}@127.0.0.1:1/0",
        "CELERY_MONITOR_LOG_LEVEL": "debug",
        "CELERY_MONITOR_SUBMIT_TASK": "mail=shop.tasks.mail",
        "CELERY_MONITOR_FLOWER_API": "true",
    }


def _send_events(broker: str) -> None:
    app = Celery("shop", broker=broker)
    fields = {
        "uuid": TASK,
        "name": "shop.tasks.mail",
        "args": f"('ann', {{'db_password': '{NESTED}'}})",
        "kwargs": f"{{'password': '{ARGUMENT}', 'url': 'https://u:{IN_URL}@host/'}}",
        "queue": "mail",
    }
    failed = {
        "exception": f"OSError('Authorization: Bearer {IN_HEADER}')",
        "traceback": f"Traceback ...\n  File 'a.py', line 1\n    f(api_key='{IN_TRACEBACK}')\nOSError: x",
    }
    with app.connection_for_write() as connection, app.events.Dispatcher(connection, "w@host") as dispatcher:
        dispatcher.send("task-received", **fields)
        dispatcher.send("task-started", uuid=TASK)
        dispatcher.send("task-failed", uuid=TASK, **failed)
        dispatcher.send("task-received", **{**fields, "uuid": f"{TASK}-2"})
        dispatcher.send("task-succeeded", uuid=f"{TASK}-2", runtime=1.0, result=f"{{'token': '{RESULT}'}}")


def _answer(running: Monitor, method: str, path: str, token: str | None, body: bytes | None) -> str:
    """Everything that comes back: status, headers, body."""
    request = urllib.request.Request(running.url + path, data=body, method=method)
    request.add_header("Content-Type", "application/json")
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return f"{response.status} {response.headers} {response.read().decode(errors='replace')}"
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.headers} {error.read().decode(errors='replace')}"


def _walk(running: Monitor, callers: Sequence[str | None]) -> int:
    """Call each route of the OpenAPI document as these callers, well and badly. Returns how many calls."""
    _, described = running.request(f"{API}/openapi.json", TOKENS[Role.ADMIN])
    values = {"task_id": TASK, "queue": "mail", "worker": "w@host", "name": "shop.tasks.mail"}
    calls = 0
    for template, methods in described["paths"].items():
        path = template
        for name, value in values.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        path = path.replace("{", "").replace("}", "")
        for method in methods:
            body = None if method == "get" else json.dumps({"token": WRONG_TOKEN}).encode()
            suffixes = ("", "?unknown=1") if method == "get" else ("",)
            for token in callers:
                for suffix in suffixes:
                    answer = _answer(running, method.upper(), path + suffix, token, body)
                    assert found_in(answer) == set(), f"{method} {path}{suffix}"
                    calls += 1
    return calls


def test_no_route_no_metric_and_no_log_has_a_secret(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis", password=BROKER) as server:
        broker = f"redis://:{quote(BROKER, safe='')}@127.0.0.1:{server.port}/0"
        variables = {**_variables(tmp_path), "CELERY_BROKER_URL": broker}
        with monitor(tmp_path / "sqlite", variables=variables) as running:
            running.until_connected()
            _send_events(broker)
            ids = (TASK, f"{TASK}-2")
            wait_for(
                lambda: (
                    len(running.get("/tasks?state=failure")["tasks"]) == 1
                    and len(running.get("/tasks?state=success")["tasks"]) == 1
                ),
                120,
                running.text,
            )
            shown = [running.task(task_id) for task_id in ids]
            # The masks are there: the texts themselves are shown.
            assert "db_password" in shown[0]["args"]
            assert "api_key" in shown[0]["traceback"]
            assert _walk(running, [*TOKENS.values(), WRONG_TOKEN, None]) > 200
            server.stop()
            wait_for(lambda: running.request("/readyz")[0] == 503, 120, running.text)
            _walk(running, [TOKENS[Role.ADMIN], None])
            assert running.stop() == 0
            assert found_in(running.text()) == set()


def test_a_database_and_a_broker_that_are_away_give_no_secret_away(tmp_path: Path) -> None:
    variables: dict[str, Any] = {
        **_variables(tmp_path),
        "CELERY_BROKER_URL": f"amqp://u:{quote(BROKER, safe='')}@127.0.0.1:1/shop",
        "DATABASE_URL": f"postgresql://shop:{quote(DATABASE, safe='')}@127.0.0.1:1/shop",
    }
    with monitor(tmp_path / "away", variables=variables) as running:
        assert _walk(running, [TOKENS[Role.ADMIN], None]) > 100
        assert running.stop() == 0
        assert found_in(running.text()) == set()
