"""Who may read the report and give orders: callers with the token of the sidecar."""

import hmac

from aiohttp import web

from celery_health.wire.names import TOKEN_FILE_VARIABLE, TOKEN_HEADER, TOKEN_VARIABLE
from celery_probe.sidecar.endpoints.answers import Handler, explained
from celery_probe.sidecar.token import Token


def authorized(token: Token, take: Handler) -> Handler:
    """``take``, for callers that send the token. The report and every order go through here."""

    async def answer(request: web.Request) -> web.Response:
        refused = _refusal(request, token.current())
        return await take(request) if refused is None else refused

    return answer


def _refusal(request: web.Request, token: str) -> web.Response | None:
    """Why this caller is refused, None if it is not. ``token`` is the token that it must send."""
    if not token:
        message = (
            "This sidecar has no token, so it shows no report and takes no orders: "
            f"set {TOKEN_VARIABLE} or {TOKEN_FILE_VARIABLE}."
        )
        return explained(403, "NoToken", message)
    sent = _sent_token(request)
    if not sent:
        advice = f"Send the header 'Authorization: Bearer TOKEN' or '{TOKEN_HEADER}: TOKEN'."
        answer = explained(401, "Unauthorized", advice)
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    # Bytes: compare_digest refuses text outside ASCII.
    if not hmac.compare_digest(sent.encode(errors="replace"), token.encode()):
        return explained(403, "Forbidden", "The token is not this sidecar's.")
    return None


def _sent_token(request: web.Request) -> str:
    if sent := request.headers.get(TOKEN_HEADER, "").strip():
        return sent
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    return sent.strip() if scheme.lower() == "bearer" else ""
