"""Checks tokens with the API server, by the monitor's own service account.

The service account needs the cluster role system:auth-delegator: to create TokenReviews and
SubjectAccessReviews.
"""

import asyncio
import base64
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from celery_health.tls import client_context
from celery_monitor.settings import Role
from celery_monitor.web.identity.bounded import read_json
from celery_monitor.web.identity.caller import Caller, CredentialCheckError, Source, is_name

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
API_SERVER = "https://kubernetes.default.svc"
TIMEOUT_SECONDS = 5.0
_MAX_BYTES = 256 * 1024

VERBS = ((Role.ADMIN, "delete"), (Role.OPERATOR, "patch"), (Role.VIEWER, "get"))
"""What a user must be allowed to do with CeleryDeployments of the namespace, for each role."""


class ApiServer:
    """The API server of the cluster that this pod runs in."""

    def __init__(self, url: str = API_SERVER, folder: Path = SERVICE_ACCOUNT) -> None:
        self._url = url
        self._folder = folder

    async def review(self, token: str) -> Caller | None:
        """The user of a token, with the role that the user's permissions give; None for an invalid token.

        Raises:
            CredentialCheckError: the API server does not answer, or does not let the monitor ask.
        """
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._review(token)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, RecursionError):
            raise CredentialCheckError(
                "The API server of Kubernetes does not check tokens now. If this lasts, check that the "
                "monitor's service account has the cluster role system:auth-delegator."
            ) from None

    async def _review(self, token: str) -> Caller | None:
        own, namespace = await asyncio.to_thread(self._read)
        context = await asyncio.to_thread(client_context, ca_file=self._folder / "ca.crt")
        headers = {"Authorization": f"Bearer {own}"}
        connector = aiohttp.TCPConnector(ssl=context)
        async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
            status = await self._post(session, "authentication.k8s.io", "TokenReview", {"token": token})
            user = status.get("user") or {}
            name = user.get("username")
            if status.get("authenticated") is not True or not is_name(name):
                return None
            role = await self._role(session, user, namespace)
            return Caller(name, role, Source.KUBERNETES, expires=_expiry(token))

    def _read(self) -> tuple[str, str]:
        """The pod's own token, which the kubelet renews, and its namespace."""
        token, namespace = (self._folder / name for name in ("token", "namespace"))
        return token.read_text(encoding="ascii").strip(), namespace.read_text(encoding="ascii").strip()

    async def _role(
        self, session: aiohttp.ClientSession, user: Mapping[str, Any], namespace: str
    ) -> Role | None:
        for role, verb in VERBS:
            spec = {
                "user": user.get("username"),
                "groups": user.get("groups") or [],
                "uid": user.get("uid") or "",
                "extra": user.get("extra") or {},
                "resourceAttributes": {
                    "namespace": namespace,
                    "verb": verb,
                    "group": "celery-operator.dev",
                    "resource": "celerydeployments",
                },
            }
            status = await self._post(session, "authorization.k8s.io", "SubjectAccessReview", spec)
            if status.get("allowed") is True:
                return role
        return None

    async def _post(
        self, session: aiohttp.ClientSession, group: str, kind: str, spec: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        url = f"{self._url}/apis/{group}/v1/{kind.lower()}s"
        review = {"apiVersion": f"{group}/v1", "kind": kind, "spec": spec}
        async with session.post(url, json=review, allow_redirects=False) as response:
            if response.status != 201:
                raise ValueError(f"status {response.status}")
            document = await read_json(response, _MAX_BYTES)
        status = document.get("status") if isinstance(document, dict) else None
        if not isinstance(status, dict):
            raise ValueError("the review has no status")
        return status


def _expiry(token: str) -> float | None:
    """When a token that the API server has accepted ends. None if it does not say so: it is opaque."""
    try:
        payload = token.split(".")[1]
        expires = float(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"])
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        return None
    return expires if math.isfinite(expires) else None
