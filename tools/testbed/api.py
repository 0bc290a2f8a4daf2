"""Reading the cluster in this process: a test polls often, and each kubectl would be a process of its own."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kubernetes import config
from kubernetes.client import ApiException
from kubernetes.stream.ws_client import ERROR_CHANNEL, STDIN_CHANNEL, websocket_call
from urllib3.exceptions import HTTPError
from websocket import WebSocketException

Object = dict[str, Any]
NO_HEADERS: Mapping[str, str] = {}

TIMEOUT_SECONDS = 30.0
STDIN_CHUNK = 32_768
ALL_KINDS = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class KubeError(AssertionError):
    """The cluster refused or did not answer; the message is what it, or kubectl, said."""


class Api:
    """The API server of a kubeconfig, over connections that stay open."""

    def __init__(self, kubeconfig: Path) -> None:
        self._client = config.new_client_from_config(  # type: ignore[no-untyped-call]
            str(kubeconfig), persist_config=False
        )
        self._kinds: dict[str, tuple[str, bool]] = {}

    def get(self, namespace: str, kind: str, name: str) -> Object | None:
        """The object, or None where there is none."""
        found = self._read(f"{self._path(namespace, kind)}/{quote(name)}", missing_is_none=True)
        return json.loads(found) if found is not None else None

    def list(self, namespace: str, kinds: str, selector: str = "") -> list[Object]:
        """The objects of one kind, or of several as in ``deployments,services``."""
        found: list[Object] = []
        for kind in kinds.split(","):
            answer = json.loads(self._read(self._path(namespace, kind), labelSelector=selector) or "{}")
            # Only the list says what its items are.
            of_each = {"apiVersion": answer["apiVersion"], "kind": answer["kind"].removesuffix("List")}
            found += [{**of_each, **item} for item in answer["items"]]
        return found

    def raw(self, path: str, headers: Mapping[str, str] = NO_HEADERS) -> str:
        """What the API server answers at a path, a proxied pod's answer included."""
        return self._read(path, headers=headers) or ""

    def execute(
        self,
        namespace: str,
        pod: str,
        command: Sequence[str],
        *,
        container: str = "",
        stdin: str | None = None,
        timeout: float = 60,
    ) -> str:
        """What a command in a pod printed on standard output; KubeError where it fails or takes too long."""
        asked = [("command", word) for word in command]
        asked += [("container", container)] if container else []
        asked += [("stdout", "true"), ("stderr", "true"), *([("stdin", "true")] if stdin is not None else [])]
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/exec"
        _, url, headers, _, _ = self._client.param_serialize(
            "GET", path, query_params=asked, auth_settings=["BearerToken"]
        )
        shown = f"{' '.join(command)[:200]!r} in pod {pod}"
        try:
            call: Any = websocket_call(  # type: ignore[no-untyped-call]
                self._client.configuration, "GET", url, headers=headers, _preload_content=False, binary=True
            )
            try:
                if stdin is not None:
                    _send(call, stdin.encode())
                call.run_forever(timeout=timeout)
                if call.is_open():
                    raise KubeError(f"{shown} did not end within {timeout:g} s")
                printed, said = call.read_stdout().decode(), call.read_stderr().decode()
                result = json.loads(call.read_channel(ERROR_CHANNEL) or b"{}")
            finally:
                # Its close() does nothing once the server has closed, and leaves the socket open.
                call.sock.shutdown()
        except (ApiException, WebSocketException, OSError) as problem:
            raise KubeError(f"{shown}: {problem}") from problem
        if result.get("status") != "Success":
            ending = result.get("message", "the connection was cut")
            raise KubeError(f"{shown}: {said.strip() or printed.strip()} ({ending})")
        return str(printed)

    def _path(self, namespace: str, kind: str) -> str:
        """Where the objects of a kind are; its name may be plural, singular, short or with its group."""
        if kind not in self._kinds:
            self._discover()
        if kind not in self._kinds:
            raise KubeError(f"the server does not have a resource type {kind!r}")
        path, namespaced = self._kinds[kind]
        group, plural = path.rsplit("/", 1)
        return f"{group}/namespaces/{quote(namespace)}/{plural}" if namespaced and namespace else path

    def _discover(self) -> None:
        """Note every name of every kind; the first one counts, as with kubectl."""
        for root in ("/api", "/apis"):
            for group in json.loads(self._read(root, accept=ALL_KINDS) or "{}")["items"]:
                self._note(root, group)

    def _note(self, root: str, group: Object) -> None:
        group_name = group["metadata"].get("name", "")
        for version in group["versions"]:
            base = "/".join(part for part in (root, group_name, version["version"]) if part)
            for one in version["resources"]:
                place = f"{base}/{one['resource']}", one["scope"] == "Namespaced"
                names = {one["resource"], one.get("singularResource", ""), *one.get("shortNames", [])}
                for name in names - {""}:
                    self._kinds.setdefault(name, place)
                    self._kinds.setdefault(f"{name}.{group_name}", place)

    def _read(
        self,
        path: str,
        accept: str = "application/json",
        missing_is_none: bool = False,
        headers: Mapping[str, str] = NO_HEADERS,
        **query: str,
    ) -> str | None:
        request = self._client.param_serialize(
            "GET",
            path,
            query_params=[pair for pair in query.items() if pair[1]],
            header_params={"Accept": accept, **headers},
            auth_settings=["BearerToken"],
        )
        try:
            answer = self._client.call_api(*request, _request_timeout=TIMEOUT_SECONDS)
            text = answer.read().decode()
        except (ApiException, HTTPError, OSError) as problem:
            raise KubeError(f"GET {path}: {problem}") from problem
        if answer.status == 404 and missing_is_none:
            return None
        if answer.status >= 300:
            raise KubeError(f"GET {path}: {answer.status} {text.strip()[:500]}")
        return str(text)


def _send(call: Any, text: bytes) -> None:
    for begin in range(0, len(text), STDIN_CHUNK):
        call.write_channel(STDIN_CHANNEL, text[begin : begin + STDIN_CHUNK])
    call.close_channel(STDIN_CHANNEL)
