"""Celery is found in what a container runs, and its options are split as click splits them."""

import pytest

from celery_kubectl.command_line.options import Role
from celery_kubectl.convert.celery_command import CeleryCommand, NotCelery, find_celery

VARIABLES = {"APP": "shop", "N": "8", "QUEUES": "a,b"}


def found(*words: str) -> tuple[CeleryCommand, ...]:
    commands = find_celery(words, (), VARIABLES.get)
    assert not isinstance(commands, NotCelery), commands.reason
    return commands


def only(*words: str) -> CeleryCommand:
    [command] = found(*words)
    return command


def reason(*words: str) -> NotCelery:
    refused = find_celery(words, (), VARIABLES.get)
    assert isinstance(refused, NotCelery)
    return refused


@pytest.mark.parametrize(
    "words",
    [
        ["celery", "-A", "shop", "worker", "-Q", "a,b", "-c", "8"],
        ["celery", "worker", "-A", "shop", "-Qa,b", "-c8"],
        ["/usr/local/bin/celery", "--app=shop", "worker", "--queues=a,b", "--concurrency", "8"],
        ["celery", "-A", "shop", "worker", "-EQa,b", "-c=8"],
        ["python3.12", "-u", "-m", "celery", "-A", "shop", "worker", "--queues", "a,b", "--concurrency=8"],
        ["tini", "-g", "--", "celery", "-A", "shop", "worker", "-Q", "a,b", "-c", "8"],
        ["celery", "-A", "$(APP)", "worker", "-Q", "$(QUEUES)", "-c", "$(N)"],
        ["sh", "-c", "exec celery -A shop worker -Q 'a,b' -c 8"],
        ["bash", "-euo", "pipefail", "-c", "celery -A ${APP} worker -Q $QUEUES -c ${N:-4}"],
        ["sh", "-c", "set -e; celery -A shop worker \\\n  -Q a,b \\\n  -c ${MISSING:-8} 2>&1"],
        ["sh", "-c", 'exec "$@"', "sh", "celery", "-A", "shop", "worker", "-Q", "a,b", "-c", "8"],
    ],
    ids=" ".join,
)
def test_the_same_worker_in_many_spellings(words: list[str]) -> None:
    command = only(*words)
    assert command.role is Role.WORKER
    assert (command.app, command.value("--queues"), command.value("--concurrency")) == ("shop", "a,b", "8")
    assert command.wrappers == ()


def test_what_is_known_and_what_is_not() -> None:
    command = only(
        "celery", "-A", "shop", "worker", "-EB", "--mode", "fast", "--odd=1", "-z", "-l", "info", "--", "x=1"
    )
    assert [(one.name, one.value, one.known) for one in command.options[1:]] == [
        ("--task-events", "", True),
        ("--beat", "", True),
        ("--mode", "fast", False),
        ("--odd", "1", False),
        ("-z", "", False),
        ("--loglevel", "info", True),
    ]
    assert command.rest == ("x=1",)


def test_a_value_that_only_the_container_knows_keeps_its_dollar_sign() -> None:
    assert only("sh", "-c", "celery -A shop worker -c $(nproc)").value("--concurrency") == "$(...)"
    assert only("sh", "-c", "celery -A shop worker -c `nproc`").value("--concurrency") == "$(...)"
    assert only("celery", "-A", "shop", "worker", "-Q", "$(SECRET)").value("--queues") == "$(SECRET)"


def test_what_surrounds_celery_is_remembered() -> None:
    script = "# comment\ncd /app && ./migrate.sh\nTZ=UTC ddtrace-run celery -A shop worker > /tmp/log &\nwait"
    command = only("sh", "-c", script)
    assert command.directory == "/app"
    assert command.others == ("./migrate.sh", "wait")
    assert command.wrappers == ("ddtrace-run",)
    assert command.variables == (("TZ", "UTC"),)


def test_steps_and_conditions_of_the_shell_are_no_wrappers() -> None:
    script = "until celery -A shop inspect ping; do sleep 1; done; celery -A shop flower --port=5555"
    command = only("sh", "-c", script)
    assert command.role is Role.FLOWER
    assert command.others == ("celery -A shop inspect ping", "sleep 1")
    assert command.wrappers == ()


def test_the_python_of_an_agent_is_no_wrapper() -> None:
    assert only("ddtrace-run", "python3", "-u", "/celery-probe", "worker").wrappers == ("ddtrace-run",)


def test_a_variable_without_quotes_is_split() -> None:
    command = find_celery(
        ["sh", "-c", "celery -A shop worker $CELERY_ARGS"], (), {"CELERY_ARGS": "-c 8 -Q email,media"}.get
    )
    assert not isinstance(command, NotCelery)
    assert (command[0].value("--concurrency"), command[0].value("--queues")) == ("8", "email,media")


def test_two_commands_of_one_script_are_both_found() -> None:
    commands = found("sh", "-c", "celery -A shop beat & celery -A shop worker")
    assert [command.role for command in commands] == [Role.BEAT, Role.WORKER]


@pytest.mark.parametrize(
    ("words", "text", "foreign"),
    [
        pytest.param(["airflow", "celery", "worker"], "`airflow celery worker`", True, id="Airflow"),
        pytest.param(
            ["bash", "-c", "exec airflow celery worker"], "`airflow celery worker`", True, id="in a shell"
        ),
        pytest.param(
            ["python", "manage.py", "celery", "worker"], "`manage.py celery worker`", True, id="manage.py"
        ),
        pytest.param(
            ["/usr/bin/sentry", "run", "worker", "-c", "4"], "`sentry run worker -c 4`", True, id="Sentry"
        ),
        pytest.param(["celery", "multi", "start", "2"], "runs `celery multi start 2`", False, id="multi"),
        pytest.param(["celery"], "runs no Celery, but `celery`", False, id="no subcommand"),
        pytest.param(
            ["gunicorn", "shop"], "runs no Celery, but `gunicorn shop`", False, id="another program"
        ),
        pytest.param(["sh", "-c", "celery 'worker"], "a quote that is not closed", False, id="an open quote"),
        pytest.param([], "has no command", False, id="nothing"),
    ],
)
def test_something_else_is_refused_with_its_words(words: list[str], text: str, foreign: bool) -> None:
    refused = reason(*words)
    assert text in refused.reason
    assert refused.foreign is foreign
