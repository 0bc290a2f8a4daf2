"""``convert`` and ``inject`` read a start as the shell and the kubelet do, and agree on what it starts."""

import os
import subprocess
from itertools import chain
from pathlib import Path

import pytest

from celery_kubectl.command_line import options
from celery_kubectl.command_line.options import Role
from celery_kubectl.command_line.start import start_of
from celery_kubectl.command_line.words import commands_of
from celery_kubectl.convert.celery_command import NotCelery, find_celery
from celery_kubectl.inject.start import Start
from celery_probe.agent.command import VALUE_OPTIONS

ENV = {"APP": "shop", "ARGS": "-c 8 -Q email,media", "QUEUES": "a,b", "EMPTY": ""}
WORKER = "celery -A shop worker"


@pytest.mark.parametrize(
    "script",
    [
        f"{WORKER} -Q 'a,b' -c \"8\"",
        f"{WORKER} -Q'a',\"b\"\\ c",
        f"{WORKER} $ARGS",
        f'{WORKER} "$ARGS" $EMPTY "$EMPTY" \'$ARGS\' \\$ARGS "\\$ARGS"',
        f"{WORKER} --queues=$QUEUES -Q${{QUEUES}} ${{MISSING:-d}} ${{EMPTY:-e}} ${{EMPTY-e}} ${{APP:-f}}",
        f"{WORKER} ${{MISSING:-'a'}}",
        f"{WORKER} $ARGS,$QUEUES $APP$ARGS --x=${{MISSING:-a b}}'c d'\"$ARGS\"",
        f"{WORKER} -c 2 > /dev/null",
        f"{WORKER} -c 2 2>/dev/null 1>&2 </dev/null -Q a",
        f"{WORKER} >/dev/null 2>&1 & wait",
        f"{WORKER} -Q fast  # don't",
        f"{WORKER} -Q fast#er",
        f'{WORKER} --statedb "" -Q a',
        f"{WORKER} --statedb '' -Q a",
        f"{WORKER} \"a;b\" 'c|d' e\\;f",
        "celery -A shop \\\n  worker --queues=\\\na \\\n -c 8",
        f"# celery -A x beat\n{WORKER}\n",
        f"echo starting celery worker; exec {WORKER} -Q a",
        f"if [ -n '' ]; then {WORKER} -Q a; else {WORKER} -Q b; fi",
        f"until true; do sleep 1; done; {WORKER}",
        f"sh -c '{WORKER} -Q a'",
        f'sh -ec -- "{WORKER} -Q \\"a b\\""',
    ],
)
def test_the_words_are_those_that_the_shell_passes(script: str, tmp_path: Path) -> None:
    celery = tmp_path / "celery"
    celery.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "$FOLDER/words"\n')
    celery.chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "FOLDER": str(tmp_path), **ENV}
    subprocess.run(["sh", "-c", script], check=True, env=env, stdout=subprocess.DEVNULL)
    starts = [start_of(one) for one in commands_of(["sh", "-c", script], ENV.get)]
    passed = tuple((tmp_path / "words").read_text().splitlines())
    # Of two branches, the shell takes the last one.
    assert [one for one in starts if one][-1].behind == passed


@pytest.mark.parametrize(
    "entries",
    [
        ["celery", "-A", "shop", "worker"],
        ["python", "/celery-probe", "-A", "shop", "worker"],
        ["python3", "-u", "-m", "celery", "-A", "shop", "worker"],
        ["/home/app/.local/bin/celery", "-A", "shop", "worker"],
        ["bash", "-c", "--", WORKER],
        ["sh", "-ce", WORKER],
        ["sh", "-cx", WORKER],
        ["sh", "-c", 'exec "$@"', "sh", "celery", "-A", "shop", "worker"],
        ["sh", "-c", 'export A=b; exec "$0" "$@"', "celery", "-A", "shop", "worker"],
        ["sh", "-c", f"cd /opt/celery && {WORKER}"],
        ["sh", "-c", f"mkdir -p /var/run/celery && {WORKER}"],
        ["sh", "-c", f"pip install celery flower && {WORKER}"],
        ["sh", "-c", f"celery -A shop purge -f; {WORKER}"],
        ["sh", "-c", f"airflow celery stop; {WORKER}"],
        ["gosu", "celery", "celery", "-A", "shop", "worker"],
        ["su", "-c", WORKER, "celery"],
        ["su", "-", "celery", "-c", WORKER],
        ["sh", "-c", f"exec su app -c '{WORKER}'"],
        ["sh", "-c", f"echo starting celery beat; {WORKER}"],
        ["sh", "-c", f"case $1 in worker) {WORKER};; esac"],
        ["watchmedo", "auto-restart", "--pattern=*.py", "celery", "-A", "shop", "worker"],
    ],
    ids=" ".join,
)
def test_a_worker_is_found_by_both(entries: list[str]) -> None:
    found = find_celery(entries, (), ENV.get)
    assert not isinstance(found, NotCelery), found.reason
    assert [(one.role, one.app) for one in found] == [(Role.WORKER, "shop")]
    assert [one.role for one in Start({"name": "a", "command": entries}).found] == ["worker"]


@pytest.mark.parametrize(
    ("entries", "foreign"),
    [
        (["airflow", "celery", "worker"], True),
        (["sentry", "run", "worker"], True),
        (["sh", "-c", "exec sentry run worker"], True),
        (["flask", "celery", "worker"], True),
        (["superset", "celery", "worker"], True),
        (["python", "-u", "/app/tasks.py", "celery", "worker"], True),
        (["sentry", "run", "cron"], False),
        (["celery", "multi", "start", "2"], False),
        (["sh", "-c", "until celery -A shop inspect ping; do sleep 1; done"], False),
        (["pip", "install", "celery", "flower"], False),
        (["echo", "celery", "worker"], False),
        (["gunicorn", "shop", "-c", "celery worker"], False),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_both_agree_on_what_another_program_starts(entries: list[str], foreign: bool) -> None:
    found = find_celery(entries, (), ENV.get)
    assert isinstance(found, NotCelery)
    assert found.foreign is foreign
    assert Start({"name": "a", "command": entries}).is_of_worker is foreign


def test_the_agent_knows_all_options_of_celery_that_take_a_value() -> None:
    of_celery = options._CELERY
    assert {*of_celery, *chain(*of_celery.values())} == VALUE_OPTIONS
