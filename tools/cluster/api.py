"""Reading and waiting on the API server: the little of a client that starting a cluster needs."""

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from tools.cluster.commands import Trust


@dataclass(frozen=True)
class Api:
    """The API server as the admin sees it."""

    url: str
    trust: Trust

    def ready(self) -> bool:
        """Whether it says that it is ready."""
        return self._read("/readyz") is not None

    def get(self, path: str) -> dict[str, Any] | None:
        """The object at a path; None when there is none or the server does not answer."""
        text = self._read(path)
        return json.loads(text) if text is not None else None

    def condition(self, path: str, kind: str, since: str = "") -> bool:
        """Whether the object has the condition `kind` with status True, confirmed at `since` or later."""
        for one in (self.get(path) or {}).get("status", {}).get("conditions", []):
            if one["type"] == kind and one["status"] == "True":
                return bool(one.get("lastHeartbeatTime", "") >= since)
        return False

    def _read(self, path: str) -> bytes | None:
        # Not the default context: from Python 3.13 on it refuses authorities that every other client accepts.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.trust.authority.pair.certificate)
        context.load_cert_chain(self.trust.admin.certificate, self.trust.admin.key)
        # A proxy that the environment names cannot reach addresses of this machine.
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        try:
            with opener.open(self.url + path, timeout=2) as answer:
                return bytes(answer.read())
        except (urllib.error.URLError, OSError):
            return None
