"""The arguments of the example's producer."""

import os
import subprocess
import sys

import pytest

from shop.producer import COMMON, KINDS, MIX, RARE, main, parse_mix


def test_the_default_mix_has_every_common_kind_of_task() -> None:
    assert parse_mix(MIX).keys() == COMMON.keys()


@pytest.mark.parametrize("kind", RARE)
def test_a_rare_kind_can_be_in_a_mix(kind: str) -> None:
    assert parse_mix(f"{kind}=2") == {kind: 2}
    assert KINDS[kind](1).apply_async is not None


def test_a_kind_without_a_number_weighs_one() -> None:
    assert parse_mix("default, email=2") == {"default": 1, "email": 2}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--mix", "mail=2"], "no kind of task 'mail'; there are default, email"),
        (["--mix", "email=many"], "write a number, as in email=3"),
        (["--mix", "email=0"], "leave email out instead"),
        (["--rate", "0"], "0 is not above 0"),
        (["--rate", "fast"], "'fast' is not a number"),
        (["--count", "0"], "0 is not above 0"),
    ],
)
def test_a_wrong_argument_is_refused_with_what_to_write(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)

    assert stopped.value.code == 2
    assert words in capsys.readouterr().err


def test_missing_urls_are_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)
    monkeypatch.setenv("CELERY_RESULT_BACKEND", "redis://localhost/1")

    with pytest.raises(SystemExit):
        main([])

    assert "set CELERY_BROKER_URL" in capsys.readouterr().err


def test_a_termination_ends_it_at_once_although_the_broker_is_away() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "shop.producer"],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
            "CELERY_RESULT_BACKEND": "redis://127.0.0.1:1/1",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert "Waiting for the broker" in process.stdout.readline()
        process.terminate()
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.communicate()
