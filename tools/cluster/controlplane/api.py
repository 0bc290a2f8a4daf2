"""Reading and waiting on the API server: the little of a client that starting a cluster needs."""

import json
import ssl
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass
from typing import Any

from tools.cluster.controlplane.trust import Trust
from tools.cluster.errors import ClusterError
from tools.cluster.machine.processes import Supervisor
from tools.cluster.waiting import wait_until

READY_SECONDS = 60.0
MOST_RESTARTS = 2


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


def wait_for_api(supervisor: Supervisor, api: Api) -> None:
    """Return once the API server is ready.

    One that ends while it starts is started again, as an init system would: on a busy machine it gives up
    when etcd or its own start-up hooks take too long. ClusterError when it, or etcd, ends again and again.
    """
    ended: Counter[str] = Counter()

    def ready() -> bool:
        for name in ("etcd", "kube-apiserver"):
            if supervisor.running(name):
                continue
            ended[name] += 1
            if ended[name] > MOST_RESTARTS:
                raise ClusterError(f"{name} ended while starting:\n{supervisor.tail(name)}")
            supervisor.restart(name)
        return api.ready()

    wait_until(ready, seconds=READY_SECONDS, what=f"the API server at {api.url}")
