"""Makes the ways to prove an identity from the settings."""

from collections.abc import Callable

from celery_monitor.settings import AccessSettings
from celery_monitor.web.identity.authentication import Authentication, TokenCheck
from celery_monitor.web.identity.kubernetes_tokens import KubernetesTokens, Review
from celery_monitor.web.identity.sessions import Sessions
from celery_monitor.web.identity.static_tokens import StaticTokens


def authentication(
    access: AccessSettings, sessions: Sessions, review: Review | None, clock: Callable[[], float]
) -> Authentication:
    """The ways of the settings. ``review`` checks tokens of Kubernetes, where the settings accept them."""
    checks: list[TokenCheck] = [StaticTokens(access.tokens)]
    if access.jwt is not None:
        # PyJWT brings the package cryptography, which is large.
        from celery_monitor.web.identity.json_web_tokens import JsonWebTokens  # noqa: PLC0415

        checks.append(JsonWebTokens(access.jwt))
    if access.kubernetes_tokens and review is not None:
        checks.append(KubernetesTokens(review, clock))
    return Authentication(checks, sessions, access.proxy_identity)
