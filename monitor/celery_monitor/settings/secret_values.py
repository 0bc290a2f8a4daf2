"""The secrets in the settings, for the masking of logs."""

from collections.abc import Iterator

from celery_health.known_secrets import remember, remember_url
from celery_monitor.settings.groups import Settings


def remember_secrets(settings: Settings) -> None:
    """Mask the secrets of these settings in all texts. Those of broker and backend are known already."""
    remember(*(value for value in _of_channels(settings) if value))
    remember_url(settings.history.url)
    remember_url(settings.management_url or "")
    remember(*(value for value in _of_access(settings) if value))


def _of_channels(settings: Settings) -> Iterator[str | None]:
    alerts = settings.alerts
    for hook in alerts.webhooks:
        yield hook.url
        yield hook.signing_secret
        yield hook.header.value if hook.header is not None else None
    for email in alerts.emails:
        yield email.server.password
    for service in alerts.apprise:
        yield service.url


def _of_access(settings: Settings) -> Iterator[str | None]:
    access = settings.access
    yield from (token.secret for token in access.tokens)
    yield access.push_token
    yield access.session_secret
    yield access.jwt.secret if access.jwt is not None else None
