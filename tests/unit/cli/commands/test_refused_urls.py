"""A URL that no server can have ends each command at once, with a sentence that says what to write."""

from collections.abc import Mapping, Sequence

import click
import pytest
from celery.bin.celery import celery
from click.testing import CliRunner

from celery_health.cli.commands.main import main
from celery_monitor.__main__ import main as celery_monitor

PROGRAMS: Mapping[str, click.Command] = {
    "celery-health": main,
    "celery": celery,
    "celery-monitor": celery_monitor,
}
# Nothing listens there: a command that goes on does not end with 3.
BROKER = "redis://127.0.0.1:1/0"
NAMES = ("CELERY_BROKER_URL", "REDIS_URL", "REDIS_HOST", "CELERY_RESULT_BACKEND", "DATABASE_URL", "APP")
NOTHING = dict.fromkeys((*NAMES, "CELERY_MONITOR_URL", "CELERY_MONITOR_BROKER"))

WRITE_TRANSPORT = "write redis://, rediss://, sentinel://, amqp:// or amqps://"
WRITE_BACKEND = "write redis://, rpc://, db+postgresql:// or django-db"
WRITE_DATABASE = "write postgresql://"

ADVICE: Mapping[str, Mapping[str, str]] = {
    "reddis://:geheim@h/0": {
        "broker": "There is no transport reddis: did you mean redis?",
        "result backend": "There is no result backend reddis: did you mean redis?",
        "database": WRITE_DATABASE,
        "history": WRITE_DATABASE,
    },
    "ampq://u:geheim@h//": {
        "broker": "There is no transport ampq: did you mean amqp?",
        "result backend": WRITE_BACKEND,
        "database": WRITE_DATABASE,
        "history": WRITE_DATABASE,
    },
    "postgrss://u:geheim@h/shop": {
        "broker": WRITE_TRANSPORT,
        "result backend": WRITE_BACKEND,
        "database": "There is no database postgrss: did you mean postgres?",
        "history": WRITE_DATABASE,
    },
    "https://u:geheim@h": {
        "broker": WRITE_TRANSPORT,
        "result backend": WRITE_BACKEND,
        "database": WRITE_DATABASE,
        "history": WRITE_DATABASE,
    },
    "redis://:geheim@$REDIS_HOST:6379/0": dict.fromkeys(
        ("broker", "result backend", "database", "history"),
        "'$REDIS_HOST' in the redis URL is a placeholder: replace it with its value",
    ),
    "amqp://geheim:${PASSWORD}@h//": dict.fromkeys(
        ("broker", "result backend", "database", "history"),
        "'${PASSWORD}' in the amqp URL is a placeholder: replace it with its value",
    ),
}

COMMANDS = (
    "celery-health",
    "celery-health monitor",
    "celery-health preflight --wait 60",
    "celery-health why some-task",
    "celery-health cancel some-task",
    "celery-health retry some-task",
    "celery-health dead-letter list",
    "celery-health dead-letter show some-task",
    "celery-health dead-letter replay some-task",
    "celery-health dead-letter drop some-task --yes",
    "celery health",
    "celery health why some-task",
    "celery health cancel some-task",
    "celery health retry some-task",
    "celery health dead-letter list",
    "celery monitor",
    "celery-monitor --port 0",
)
# Dead letters are in the broker alone.
OF_RESULTS = tuple(one for one in COMMANDS if "dead-letter" not in one)
GIVEN = [
    *((f"{one} --broker {{url}}", "broker", {}) for one in COMMANDS),
    *((f"{one} --broker {BROKER} --result-backend {{url}}", "result backend", {}) for one in OF_RESULTS),
    ("celery-health preflight --wait 60 --database {url}", "database", {}),
    (f"celery-monitor --port 0 --broker {BROKER} --database {{url}}", "history", {}),
    ("celery-health", "broker", {"CELERY_BROKER_URL": "{url}"}),
    ("celery-health why some-task", "broker", {"REDIS_URL": "{url}"}),
    ("celery-health preflight --wait 60", "broker", {"REDIS_URL": "{url}"}),
    ("celery-health preflight --wait 60", "database", {"DATABASE_URL": "{url}"}),
    (f"celery-health --broker {BROKER}", "result backend", {"CELERY_RESULT_BACKEND": "{url}"}),
    ("celery-monitor --port 0", "broker", {"CELERY_BROKER_URL": "{url}"}),
]


def refusal(words: Sequence[str], variables: Mapping[str, str]) -> str:
    """What the command prints. It has to end with 3 and one line."""
    result = CliRunner().invoke(PROGRAMS[words[0]], words[1:], env={**NOTHING, **variables})
    assert result.exit_code == 3, result.output
    assert len(result.output.splitlines()) == 1
    assert "geheim" not in result.output
    return result.output


@pytest.mark.parametrize("url", ADVICE)
@pytest.mark.parametrize(("command", "what", "variables"), GIVEN)
def test_it_is_refused_with_what_to_write(
    url: str, command: str, what: str, variables: Mapping[str, str]
) -> None:
    words = [word.format(url=url) for word in command.split()]
    said = refusal(words, {name: value.format(url=url) for name, value in variables.items()})
    assert ADVICE[url][what] in said


@pytest.mark.parametrize("command", ["celery-health", "celery-health preflight", "celery-monitor --port 0"])
def test_a_variable_with_the_name_of_a_variable_is_refused(command: str) -> None:
    said = refusal(command.split(), {"REDIS_HOST": "$CACHE_HOST"})
    assert "'$CACHE_HOST' in the redis URL is a placeholder" in said
