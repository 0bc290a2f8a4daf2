"""The token that guards the probe sidecars of one CeleryDeployment: read from its Secret, or made once."""

import secrets
from base64 import b64decode

from celery_operator.api import names
from celery_operator.kinds import Json
from celery_operator.resources.ownership import is_owned

TOKEN_BYTES = 32


class ProbeToken:
    """Remembers the token, so that a Secret that someone deletes comes back with the one that pods know."""

    def __init__(self, uid: str) -> None:
        self._uid = uid
        self._token = ""

    @property
    def known(self) -> str:
        """The token as last found or made; empty before that."""
        return self._token

    def of(self, secret: Json | None) -> str:
        """The token to want: the Secret's own, the remembered one where it lacks it, or a new one."""
        if secret is not None and is_owned(secret, self._uid):
            self._token = _stored(secret) or self._token
        if not self._token:
            self._token = secrets.token_urlsafe(TOKEN_BYTES)
        return self._token


def _stored(secret: Json) -> str:
    encoded = (secret.get("data") or {}).get(names.TOKEN_KEY, "")
    try:
        return b64decode(encoded, validate=True).decode("ascii").strip()
    except ValueError:
        return ""
