"""``celery-probe report`` without a sidecar that answers."""

import pytest
from tools.testbed.servers import free_port

from celery_probe.sidecar.__main__ import main


def test_it_says_that_it_needs_a_token(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CELERY_PROBE_TOKEN", raising=False)
    assert main(["report"]) == 1
    assert "set CELERY_PROBE_TOKEN or CELERY_PROBE_TOKEN_FILE for both" in capsys.readouterr().err


def test_it_says_where_no_sidecar_answers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CELERY_PROBE_TOKEN", "s3cret")
    monkeypatch.setenv("CELERY_PROBE_PORT", str(free_port()))
    assert main(["report"]) == 1
    assert "no sidecar answers on port" in capsys.readouterr().err


def test_a_port_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CELERY_PROBE_PORT", "http")
    assert main(["report"]) == 2
    assert "write a number between 1 and 65535" in capsys.readouterr().err
