"""The Kubernetes API as JSON: the only module that speaks to the API server, apart from kopf's watches.

Typed models cost memory and time, and drop fields that they do not know; a dict is what the server sent.

What the operator asks for, and so what its Role (one namespace or a list) or ClusterRole (all) has to allow:

=====================  ==============================  ===========================================
API group              resources                       verbs
=====================  ==============================  ===========================================
celery-operator.dev    celerydeployments               get, list, watch, patch (requests of the monitor)
celery-operator.dev    celerydeployments/status        patch
celery-operator.dev    celerydeployments/finalizers    update (owner references that block)
apps                   deployments, statefulsets       get, list, watch, create, patch, delete
apps                   replicasets                     get
(core)                 services, serviceaccounts       get, list, watch, create, patch, delete
policy                 poddisruptionbudgets            get, list, watch, create, patch, delete
networking.k8s.io      networkpolicies                 get, list, watch, create, patch, delete
(core)                 pods                            list, watch, patch
(core)                 pods/eviction                   create
(core)                 secrets                         get, create, patch (never list or watch)
(core)                 configmaps                      get
(core)                 persistentvolumeclaims          get, create, patch
events.k8s.io          events                          create
coordination.k8s.io    leases                          get, create, update (the operator's namespace)
(core)                 pods/proxy                      get, create (only with ``--report-access proxy``)
=====================  ==============================  ===========================================
"""

import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

from celery_health.tls import client_context
from celery_operator.api import names
from celery_operator.bounded_body import BodyTooLargeError, read_body
from celery_operator.kinds import POD, Json, Kind
from celery_operator.shares.api_requests import ApiRequests
from celery_operator.timing.server_clock import ServerClock

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
PAGE = 500


class KubeError(Exception):
    """The API server did not do what was asked.

    ::

        KubeError
        ├── UnreachableError   no answer in time
        ├── RefusedError       400, 403, 405, 413, 422: the same request will be refused again
        ├── ConflictError      409: the object exists, or changed meanwhile
        └── UnauthorizedError  401: our own credentials

    ``status`` is the HTTP status, None without an answer; ``message`` is the server's own sentence.
    Everything else (429, 5xx) is a plain KubeError: worth another try later.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class UnreachableError(KubeError):
    """No answer: no connection, a broken one, or too late."""


class RefusedError(KubeError):
    """The server understood and will not do it."""


class ConflictError(KubeError):
    """The object exists already, or is not the one that the request meant."""


class UnauthorizedError(KubeError):
    """The server does not know us."""


_REFUSALS = dict.fromkeys((400, 403, 405, 413, 422), RefusedError)
_ERRORS = _REFUSALS | {401: UnauthorizedError, 409: ConflictError}


def ssl_context(configuration: Configuration) -> ssl.SSLContext:
    """For every connection to the API server, also kopf's: accepts the certificates that kubectl accepts."""
    return client_context(
        ca_file=configuration.ssl_ca_cert,
        ca_data=configuration.ca_cert_data,
        certificate=configuration.cert_file,
        key=configuration.key_file,
        verify_mode=ssl.CERT_REQUIRED if configuration.verify_ssl else ssl.CERT_NONE,
    )


class Kube:
    """A connection to one API server. A call that fails raises a KubeError; its request has a time limit."""

    def __init__(self, configuration: Configuration, timeout_seconds: float) -> None:
        self.configuration = configuration
        # Otherwise aiohttp reads proxies and a netrc file at each request, and unpacks what a pod has packed.
        configuration.client_session_kwargs = {"trust_env": False, "auto_decompress": False}
        self._client = ApiClient(configuration)
        self._client.rest_client.ssl_context = ssl_context(configuration)
        self._timeout = timeout_seconds
        self._requests = ApiRequests()
        self.clock = ServerClock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()  # type: ignore[no-untyped-call]

    async def get(self, kind: Kind, namespace: str, name: str) -> Json | None:
        """One object, or None where there is none."""
        return await self.get_path(kind.path(namespace, name))

    async def get_path(self, path: str, timeout_seconds: float | None = None) -> Json | None:
        """The JSON at a path, or None on 404."""
        try:
            return await self._call("GET", path, timeout_seconds=timeout_seconds)
        except KubeError as error:
            if error.status == 404:
                return None
            raise

    async def list(
        self, kind: Kind, namespace: str | None, selector: str = "", *, metadata_only: bool = False
    ) -> AsyncIterator[Json]:
        """Every object of a kind in one namespace, or in all with None; page by page."""
        query: dict[str, str | int] = {"limit": PAGE}
        if selector:
            query["labelSelector"] = selector
        while True:
            page = await self._call(
                "GET",
                f"{kind.path(namespace)}?{urlencode(query)}",
                accept=METADATA_ONLY if metadata_only else "application/json",
            )
            for item in page["items"] or ():  # null in an empty list of metadata
                yield item
            if not (token := page["metadata"].get("continue")):
                return
            query["continue"] = token

    async def apply(self, kind: Kind, body: Json) -> Json:
        """Server-side apply with our field manager: what we name becomes so, the rest stays."""
        path = kind.path(body["metadata"]["namespace"], body["metadata"]["name"])
        query = urlencode({"fieldManager": names.FIELD_MANAGER, "force": "true"})
        return await self._call("PATCH", f"{path}?{query}", body, "application/apply-patch+yaml")

    async def create(self, kind: Kind, namespace: str, body: Json) -> Json:
        """A new object; raises ConflictError where one of that name exists."""
        path = f"{kind.path(namespace)}?{urlencode({'fieldManager': names.FIELD_MANAGER})}"
        return await self._call("POST", path, body)

    async def merge(
        self, kind: Kind, namespace: str, name: str, body: Json, subresource: str | None = None
    ) -> Json:
        """JSON merge patch: lists are replaced whole, null takes a key away."""
        path = f"{kind.path(namespace, name, subresource)}?{urlencode({'fieldManager': names.FIELD_MANAGER})}"
        return await self._call("PATCH", path, body, "application/merge-patch+json")

    async def replace(self, kind: Kind, namespace: str, name: str, body: Json) -> Json:
        """The whole object; raises ConflictError when it is no longer at the body's resourceVersion."""
        return await self._call("PUT", kind.path(namespace, name), body)

    async def evict(self, namespace: str, pod: str, uid: str) -> bool:
        """Have the pod of this uid ended as its disruption budgets allow; False if it is gone already.

        Raises a KubeError with the status 429 where a budget forbids it now.
        """
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod, "namespace": namespace},
            "deleteOptions": {"preconditions": {"uid": uid}},
        }
        try:
            await self._call("POST", POD.path(namespace, pod, "eviction"), body)
        except KubeError as error:
            # 409: the name belongs to another pod by now.
            if error.status not in (404, 409):
                raise
            return False
        return True

    async def get_proxied(
        self, path: str, headers: dict[str, str], timeout_seconds: float, largest: int
    ) -> bytes:
        """GET through a pod's proxy: the body as the pod sent it, of at most ``largest`` bytes."""
        return await self._exchange(
            "GET", path, timeout_seconds=timeout_seconds, extra_headers=headers, largest=largest
        )

    async def post_proxied(
        self, path: str, body: Json, headers: dict[str, str], timeout_seconds: float, largest: int
    ) -> bytes:
        """POST through a pod's proxy: the answer's body, of at most ``largest`` bytes."""
        return await self._exchange(
            "POST", path, body, timeout_seconds=timeout_seconds, extra_headers=headers, largest=largest
        )

    async def delete(self, kind: Kind, namespace: str, name: str, uid: str) -> None:
        """Delete exactly the object of this uid, before its dependants. One that is gone is fine."""
        body = {"propagationPolicy": "Background", "preconditions": {"uid": uid}}
        try:
            await self._call("DELETE", kind.path(namespace, name), body)
        except KubeError as error:
            if error.status != 404:
                raise

    async def _call(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        content_type: str = "application/json",
        *,
        accept: str = "application/json",
        timeout_seconds: float | None = None,
    ) -> Json:
        async with self._requests.turn():
            raw = await self._exchange(
                method, path, body, content_type, accept=accept, timeout_seconds=timeout_seconds
            )
        return _parse(raw)

    async def _exchange(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        content_type: str = "application/json",
        *,
        accept: str = "application/json",
        timeout_seconds: float | None = None,
        extra_headers: dict[str, str] | None = None,
        largest: int | None = None,
    ) -> bytes:
        """The body of the answer. Any size is accepted without ``largest``: the API server is trusted."""
        own = {"Accept": accept, "Accept-Encoding": "identity", "Content-Type": content_type}
        headers = {**own, **(extra_headers or {})}
        seconds = timeout_seconds or self._timeout
        sent_at = self.clock.time()
        try:
            method, url, headers, _, _ = await self._client.param_serialize(
                method, path, header_params=headers, auth_settings=["BearerToken"]
            )
            response = await self._client.call_api(
                method, url, headers, body, _request_timeout=aiohttp.ClientTimeout(total=seconds)
            )
            raw: bytes = await (
                response.read()  # type: ignore[no-untyped-call]
                if largest is None
                else read_body(response.response, largest)
            )
        except TimeoutError as error:
            raise UnreachableError(f"no answer from the API server within {seconds:g} s") from error
        except BodyTooLargeError as error:
            raise KubeError(str(error)) from error
        except (aiohttp.ClientError, ssl.SSLError, OSError) as error:
            raise UnreachableError(f"the API server cannot be reached: {error}") from error
        if largest is None:
            self.clock.note(response.headers.get("Date", ""), sent_at)
            if not path.endswith("/eviction"):  # a disruption budget is no overload
                self._requests.answered(response.status, response.headers)
        if response.status >= 400:
            raise _error(response.status, raw)
        return raw


def _parse(raw: bytes) -> Json:
    try:
        answer = json.loads(raw)
    except ValueError as error:
        raise KubeError("the API server's answer is not JSON") from error
    if not isinstance(answer, dict):
        raise KubeError("the API server's answer is not a JSON object")
    return answer


def _error(status: int, raw: bytes) -> KubeError:
    try:
        message = str(json.loads(raw)["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        message = raw[:200].decode(errors="replace").strip() or f"HTTP {status}"
    return _ERRORS.get(status, KubeError)(message, status)
