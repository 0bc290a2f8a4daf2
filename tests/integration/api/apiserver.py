"""The few requests that these tests make of an API server, as JSON over HTTPS."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tools.cluster.controlplane.standalone import ControlPlane

from celery_health.tls import client_context

Object = dict[str, Any]

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server said."""

    status: int
    body: Object
    warnings: tuple[str, ...]

    @property
    def message(self) -> str:
        """Why it refused; empty where it did not."""
        return str(self.body.get("message", "")) if self.status >= 400 else ""


class ApiServer:
    """A client with the administrator's certificate, or with somebody's token instead. Unknown fields are
    refused, as kubectl asks for.
    """

    def __init__(self, plane: ControlPlane, token: str = "") -> None:
        self._address = str(urlsplit(plane.url).netloc)
        self._token = token
        self._context = client_context(
            ca_file=plane.ca_certificate,
            certificate=None if token else plane.admin.certificate,
            key=plane.admin.key,
        )

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Answer:
        """One request and its answer, refused or not."""
        connection = http.client.HTTPSConnection(self._address, context=self._context, timeout=30)
        try:
            text = None if body is None else json.dumps(body)
            headers = {"Content-Type": content_type, "Accept": accept}
            if self._token:
                headers["Authorization"] = f"Bearer {self._token}"
            connection.request(method, path, text, headers)
            answer = connection.getresponse()
            said = answer.read().decode()
            # A path that is not served yet is answered in plain text.
            parsed = json.loads(said) if said.startswith("{") else {"message": said}
            return Answer(answer.status, parsed, tuple(answer.headers.get_all("Warning", [])))
        finally:
            connection.close()

    def apply(self, path: str, body: Mapping[str, Any]) -> Answer:
        """Server-side apply with strict field validation."""
        query = "fieldManager=celery-operator&force=true&fieldValidation=Strict"
        return self.request("PATCH", f"{path}?{query}", body, content_type=APPLY)
