from pathlib import Path

import pytest

from celery_health.known_secrets import mask_known
from celery_monitor.settings import AccessSettings, Role
from celery_monitor.web.identity.caller import Caller, Source
from celery_monitor.web.identity.session_file import SessionFile
from celery_monitor.web.identity.sessions import Sessions, session_key

ANN = Caller("ann", Role.OPERATOR, Source.TOKEN)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3.sessions"


def sessions(path: Path) -> Sessions:
    """The sessions of a monitor that starts now."""
    file = SessionFile(path)
    return Sessions(session_key(AccessSettings(), file), lambda: 1_000_000.0, file)


def test_a_session_and_a_logout_outlast_a_restart(path: Path) -> None:
    before = sessions(path)
    stays, _ = before.start(ANN)
    ended, _ = before.start(ANN)
    before.end(ended)
    after = sessions(path)
    assert after.caller(stays) is not None
    assert after.caller(ended) is None


def test_only_the_owner_can_read_the_file(path: Path) -> None:
    sessions(path)
    assert path.stat().st_mode & 0o777 == 0o600
    found = sessions(path)
    found.end(found.start(ANN)[0])
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_the_secret_is_masked_in_logs(path: Path) -> None:
    secret = SessionFile(path).secret
    assert secret not in mask_known(f"the secret {secret}")


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"secret": "short", "ended": {}}', b"[" * 10_000])
def test_a_damaged_file_is_written_anew(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    cookie, _ = sessions(path).start(ANN)
    assert sessions(path).caller(cookie) is not None


def test_a_secret_that_other_users_can_read_is_replaced(path: Path) -> None:
    cookie, _ = sessions(path).start(ANN)
    path.chmod(0o644)
    assert sessions(path).caller(cookie) is None
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_logout_counts_also_after_other_users_could_read_the_file(path: Path) -> None:
    """With a secret of the settings, cookies stay valid whatever happens to the file."""
    access = AccessSettings(session_secret="of-the-settings")
    before = Sessions(session_key(access), lambda: 1_000_000.0, SessionFile(path))
    cookie, _ = before.start(ANN)
    before.end(cookie)
    path.chmod(0o660)
    after = Sessions(session_key(access), lambda: 1_000_000.0, SessionFile(path))
    assert after.caller(cookie) is None


def test_a_file_that_cannot_be_written_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = sessions(tmp_path / "missing" / "file")
    cookie, _ = found.start(ANN)
    assert found.caller(cookie) is not None
    found.end(cookie)
    assert found.caller(cookie) is None
    assert "cannot be written" in caplog.text
