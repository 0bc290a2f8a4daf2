"""What sessions need after a restart: a secret that signs cookies, and the sessions that were ended."""

import logging
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from celery_health.known_secrets import remember
from celery_monitor.settings.private_file import replacing

_log = logging.getLogger(__name__)

_SECRET_BYTES = 32
_MOST_BYTES = 4 * 1024 * 1024


class _Content(msgspec.Struct):
    secret: Annotated[str, msgspec.Meta(min_length=2 * _SECRET_BYTES)]
    ended: dict[str, float]


class SessionFile:
    """A file that only its owner can read, for one monitor. While it cannot be written, memory has to do."""

    def __init__(self, path: Path) -> None:
        self._path = path
        found = self._read()
        is_private = found is not None and self._is_private()
        # Logouts count also if other users could read the file.
        ended = {} if found is None else found.ended
        self._content = found if found and is_private else _Content(secrets.token_hex(_SECRET_BYTES), ended)
        remember(self._content.secret)
        if not is_private:
            self._write()

    @property
    def secret(self) -> str:
        """Made by the first start, and kept."""
        return self._content.secret

    @property
    def ended(self) -> Mapping[str, float]:
        """The ids of sessions that were ended, with the times at which they expire."""
        return self._content.ended

    def keep_ended(self, ended: Mapping[str, float]) -> None:
        """Store which sessions were ended."""
        self._content.ended = dict(ended)
        self._write()

    def _read(self) -> _Content | None:
        """What the file has, None if it is not there or damaged."""
        try:
            with self._path.open("rb") as stream:
                return msgspec.json.decode(stream.read(_MOST_BYTES), type=_Content)
        except FileNotFoundError:
            return None
        except OSError as error:
            _log.warning(
                "%s cannot be read (%s): all browsers have to log in again", self._path, error.strerror
            )
        except msgspec.DecodeError:
            _log.warning("%s is damaged: all browsers have to log in again", self._path)
        return None

    def _is_private(self) -> bool:
        if not self._path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            return True
        _log.warning("other users can open %s: its secret is replaced, and browsers log in again", self._path)
        return False

    def _write(self) -> None:
        try:
            with replacing(self._path) as draft:
                draft.write_bytes(msgspec.json.encode(self._content))
        except OSError as error:
            _log.warning(
                "%s cannot be written (%s): logins and logouts are forgotten when the monitor restarts",
                self._path,
                error.strerror,
            )
