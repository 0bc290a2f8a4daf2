"""Each start of a worker gets the agent: in the place of Celery's command, or by PYTHONPATH."""

import os
import subprocess
from typing import Any

import pytest

from celery_kubectl.inject.errors import InjectError
from celery_kubectl.inject.start import Start

EXPORT = 'export PYTHONPATH="/celery-probe/site${PYTHONPATH:+:$PYTHONPATH}"; '
WRAPPER = ["sh", "-c", f'{EXPORT}exec "$0" "$@"']
SITE = [{"name": "PYTHONPATH", "value": "/celery-probe/site"}]


def started(**fields: Any) -> dict[str, Any]:
    """What differs in the container."""
    container = {"name": "worker", **fields}
    start = Start(container)
    assert start.is_of_worker
    changed = start.with_agent()
    assert Start(changed).is_of_worker
    assert Start(changed).with_agent() == changed, "a second time changes nothing"
    return {name: value for name, value in changed.items() if container.get(name) != value}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("celery -A shop worker", "python /celery-probe -A shop worker"),
        (
            "/opt/venv/bin/celery --app=shop worker -c 4",
            "/opt/venv/bin/python /celery-probe --app=shop worker -c 4",
        ),
        ("python -m celery -A shop worker", "python /celery-probe -A shop worker"),
        ("python3 -u -m celery -A celery worker", "python3 -u /celery-probe -A celery worker"),
        ("celery -b redis://redis -A shop worker", "python /celery-probe -b redis://redis -A shop worker"),
        ("celery worker -A shop", "python /celery-probe worker -A shop"),
        ("ddtrace-run celery -A shop worker", "ddtrace-run python /celery-probe -A shop worker"),
        (
            "opentelemetry-instrument --service_name shop celery -A shop worker",
            "opentelemetry-instrument --service_name shop python /celery-probe -A shop worker",
        ),
        (
            "newrelic-admin run-program celery -A shop worker",
            "newrelic-admin run-program python /celery-probe -A shop worker",
        ),
        ("tini -- gosu app celery -A shop worker", "tini -- gosu app python /celery-probe -A shop worker"),
        ("poetry run celery -A shop worker", "poetry run python /celery-probe -A shop worker"),
    ],
)
def test_the_agent_takes_the_place_of_celery(before: str, after: str) -> None:
    assert started(command=before.split()) == {"command": after.split()}
    assert started(args=before.split()) == {"args": after.split()}
    assert started(command=["sh", "-c", before]) == {"command": ["sh", "-c", after]}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("exec celery -A shop worker", "exec python /celery-probe -A shop worker"),
        (
            ". ./env.sh; exec celery -A shop worker -c ${N:-2}",
            ". ./env.sh; exec python /celery-probe -A shop worker -c ${N:-2}",
        ),
        ("cd /app && celery -A shop \\\n  worker", "cd /app && python /celery-probe -A shop \\\n  worker"),
        (
            "# celery -A shop worker\ncelery -A shop worker 2>&1 | tee log",
            "# celery -A shop worker\npython /celery-probe -A shop worker 2>&1 | tee log",
        ),
        (
            "celery -A shop beat & celery -A shop worker",
            "celery -A shop beat & python /celery-probe -A shop worker",
        ),
        (
            "echo celery -A shop worker; su -c 'celery -A shop worker' app",
            "echo celery -A shop worker; su -c 'python /celery-probe -A shop worker' app",
        ),
        (
            "su - app -c celery\\ -A\\ shop\\ worker; celery -A shop worker -c 2 > log # don't",
            "su - app -c celery\\ -A\\ shop\\ worker; python /celery-probe -A shop worker -c 2 > log # don't",
        ),
        (
            "if true; then celery -A shop worker; fi",
            "if true; then python /celery-probe -A shop worker; fi",
        ),
        ("airflow celery worker", f"{EXPORT}airflow celery worker"),
        ("exec \\\nsentry run worker -Q a", f"{EXPORT}exec \\\nsentry run worker -Q a"),
        ("python manage.py celery -A shop worker", f"{EXPORT}python manage.py celery -A shop worker"),
    ],
)
def test_a_text_for_a_shell_keeps_everything_else(before: str, after: str) -> None:
    assert started(args=["bash", "-ec", before]) == {"args": ["bash", "-ec", after]}


@pytest.mark.parametrize("shell", [["/bin/bash", "-c", "--"], ["sh", "-ce"], ["sh", "-cx"]])
def test_a_text_is_found_behind_other_options_of_the_shell(shell: list[str]) -> None:
    before, after = "celery -A shop worker", "python /celery-probe -A shop worker"
    assert started(command=shell, args=[before]) == {"args": [after]}


def test_the_words_that_a_text_passes_on_are_rewritten_in_their_list() -> None:
    shell = ["sh", "-c", './wait; exec "$@"', "sh"]
    before, after = ["celery", "-A", "shop", "worker"], ["python", "/celery-probe", "-A", "shop", "worker"]
    assert started(command=shell, args=before) == {"args": after}
    module = ["sh", "-c", 'exec python -m "$@"', "sh", *before]
    assert started(command=module) == {"command": [*WRAPPER, *module]}


def test_a_folder_without_a_python_is_not_taken_for_one() -> None:
    before = ["/home/app/.local/bin/celery", "-A", "shop", "worker"]
    assert started(command=before) == {"command": ["python", "/celery-probe", *before[1:]]}


@pytest.mark.parametrize(
    "program",
    [["airflow", "celery", "worker"], ["sentry", "--config=/etc/sentry", "run", "worker", "-c", "4"]],
)
def test_another_program_keeps_the_path_of_its_image(program: list[str]) -> None:
    assert started(command=program) == {"command": [*WRAPPER, *program]}
    assert started(command=program[:1], args=program[1:]) == {"command": [*WRAPPER, program[0]]}


def test_a_value_that_could_be_a_text_for_a_shell_is_left_alone() -> None:
    program = ["sentry", "run", "worker", "-c", "a value"]
    assert started(command=program) == {"command": [*WRAPPER, *program]}


def test_of_several_texts_the_one_with_the_worker_is_changed() -> None:
    program = ["sh", "-c", "exec wait", "bash", "-c", "airflow celery worker"]
    assert started(args=program) == {"args": [*program[:-1], f"{EXPORT}{program[-1]}"]}


def test_the_path_in_the_manifest_is_continued() -> None:
    env = [{"name": "PYTHONPATH", "value": "/app:$(EXTRA)"}]
    new = [{"name": "PYTHONPATH", "value": "/celery-probe/site:/app:$(EXTRA)"}]
    assert started(command=["sentry", "run", "worker"], env=env) == {"env": new}


def test_behind_the_entrypoint_of_an_image_the_path_is_in_the_manifest() -> None:
    assert started(args=["celery", "worker"], env=[{"name": "A", "value": "b"}]) == {
        "env": [*SITE, {"name": "A", "value": "b"}]
    }


def test_a_path_from_a_secret_that_would_be_hidden_is_refused() -> None:
    env = [{"name": "PYTHONPATH", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]
    assert started(command=["sentry", "run", "worker"], env=env) == {
        "command": [*WRAPPER, "sentry", "run", "worker"]
    }
    with pytest.raises(InjectError, match="PYTHONPATH from a Secret or ConfigMap: write its value"):
        Start({"name": "worker", "args": ["celery", "worker"], "env": env}).with_agent()


@pytest.mark.parametrize(
    ("fields", "changed"),
    [
        ({"command": ["/start.sh"], "args": ["worker"]}, {"command": [*WRAPPER, "/start.sh"]}),
        ({"args": ["worker"]}, {"env": SITE}),
        ({}, {"env": SITE}),
        ({"command": ["sh", "-c", "exec ./start.sh"]}, {"command": ["sh", "-c", f"{EXPORT}exec ./start.sh"]}),
    ],
)
def test_a_script_or_an_image_that_starts_a_worker_has_the_path(
    fields: dict[str, Any], changed: dict[str, Any]
) -> None:
    container = {"name": "worker", **fields}
    assert not Start(container).is_of_worker
    assert Start(container).with_agent() == {**container, **changed}


@pytest.mark.parametrize(
    "words",
    [
        "celery -A shop beat",
        "celery -A shop flower",
        "celery -A worker beat",
        "celery multi start one -A shop",
        "python /opt/netbox/manage.py rqworker",
        "gunicorn -k uvicorn.workers.UvicornWorker shop",
        "sentry run cron",
        "sentry run taskworker",
        "airflow scheduler",
        "",
    ],
)
def test_other_processes_are_no_workers(words: str) -> None:
    assert not Start({"name": "a", "command": words.split()}).is_of_worker
    assert not Start({"name": "a", "args": ["sh", "-c", f"exec {words}"]}).is_of_worker


def test_the_stop_hook_runs_the_python_of_the_worker() -> None:
    def python(*command: str) -> str:
        return Start({"name": "a", "command": [*command, "-A", "shop", "worker"]}).python

    assert python("celery") == "python"
    assert python("/venv/bin/celery") == "/venv/bin/python"
    assert python("/venv/bin/python3", "-m", "celery") == "/venv/bin/python3"
    assert python("/venv/bin/python", "/celery-probe") == "/venv/bin/python"
    assert python("/home/app/.local/bin/celery") == "python"
    assert python("venv/bin/celery") == "python", "a hook starts in another folder"
    text = "$VENV/bin/celery -A shop worker"
    assert Start({"name": "a", "command": ["sh", "-c", text]}).python == "python", "a hook has no shell"


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_wrapper_adds_to_the_path_and_passes_the_words_on(shell: str) -> None:
    def printed(**env: str) -> str:
        command = [shell, "-c", WRAPPER[2], "sh", "-c", 'echo "$PYTHONPATH $0 $1"', "a b", "c d"]
        return subprocess.run(
            command, env={"PATH": os.environ["PATH"], **env}, capture_output=True, text=True, check=True
        ).stdout

    assert printed() == "/celery-probe/site a b c d\n"
    assert printed(PYTHONPATH="/app") == "/celery-probe/site:/app a b c d\n"
