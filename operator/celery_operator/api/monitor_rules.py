"""CEL rules of the monitor: what the API server refuses, and what to write instead."""

from celery_operator.api.rules import rule

DATABASE = (
    rule(
        "[has(self.url), has(self.urlFrom), has(self.storage)].filter(given, given).size() == 1",
        "write exactly one of url, urlFrom and storage; for SQLite on a volume: storage: {size: 5Gi}; for a "
        "history that is lost with the pod, leave database out",
    ),
    rule(
        "!has(self.schemaName) || !has(self.storage)",
        "SQLite has no schemas: remove schemaName, or write a PostgreSQL URL in url or urlFrom",
    ),
)

DATABASE_URL = (
    rule(
        r"self.matches('^postgres(ql)?://[^\\s]+$')",
        "write the URL of a PostgreSQL database, such as postgresql://postgres:5432/celery, or storage: "
        "{size: 5Gi} for SQLite on a volume",
    ),
    rule(
        r"!self.matches('^[a-z]+://[^/@]*:[^/@]*@')",
        "a URL with a password belongs in a Secret: write urlFrom: {secretKeyRef: {name: SECRET, key: KEY}} "
        "instead of url",
    ),
)

SCHEMA_NAME = (
    rule(
        "self.matches('^[a-z_][a-z0-9_]*$')",
        "write a schema name of lower case letters, digits and '_', such as automation",
    ),
)

URL_PREFIX = (
    rule(
        "self.matches('^(/[A-Za-z0-9._~-]+)+$')",
        "write a path that begins with '/' and does not end with one, such as /celery",
    ),
)

JWT = (
    rule(
        "has(self.secretFrom) != has(self.jwksUrl)",
        "write exactly one of secretFrom (HS256) and jwksUrl (RS256, ES256)",
    ),
    rule(
        "!has(self.jwksUrl) || (has(self.issuer) && has(self.audience))",
        "jwksUrl needs issuer and audience, because the issuer's keys also sign tokens for other programs: "
        "write both",
    ),
)

JWKS_URL = (
    rule(
        r"self.matches('^https?://[^\\s/?#@]+') && !self.matches('\\s')",
        "write the URL of the issuer's keys without user and password, such as "
        "https://issuer.example/.well-known/jwks.json",
    ),
)

PROXY = (
    rule(
        "self.matches('^[0-9a-fA-F:.]+(/[0-9]+)?$')",
        "write an address or a network, such as 10.0.0.5 or 10.244.0.0/16",
    ),
)

ALERT_URL = (
    rule(
        "has(self.url) != has(self.urlFrom)",
        "write exactly one of url and urlFrom",
    ),
)

CHANNEL_NAME = (
    rule(
        "self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')",
        "write a name of lower case letters, digits and '-', such as ops-chat",
    ),
)

WEBHOOK_URL = (
    rule(
        "self.matches('^https?://[!-~]+$')",
        "write the URL of the receiver, such as https://pager.example/hook",
    ),
    rule(
        "self.matches('^[^/]*//[^/?#@]+([/?#]|$)')",
        "write the URL of the receiver without a user, and send a header: header: {name: Authorization, "
        "valueFrom: {secretKeyRef: {name: SECRET, key: KEY}}}",
    ),
)

PAGE_URL = (
    rule(
        "self.matches('^https?://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~/-]*)?$')",
        "write the URL of the monitor as browsers open it, such as https://monitor.example.com",
    ),
)

SMTP_URL = (
    rule(
        r"self.matches('^smtps?://[^\\s/?#@]+(\\?tls=none)?$')",
        "write the URL of the mail server, such as smtp://mail.example:587; a URL with a password belongs in "
        "a Secret: write urlFrom: {secretKeyRef: {name: SECRET, key: KEY}} instead of url",
    ),
)

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = rf"{_ATOM}([.]{_ATOM})*@[A-Za-z0-9-]+([.][A-Za-z0-9-]+)*"
MAIL_ADDRESS = (
    rule(
        f'self.matches("^{_ADDRESS}$") && self.split("@")[0].size() <= 64',
        "write an address, such as ops@example.com",
    ),
)

_NAME = r"[^<>\",;:@[:cntrl:]]{0,64}"
MAIL_SENDER = (
    rule(
        f'self.matches("^({_ADDRESS}|{_NAME}<{_ADDRESS}>)$")',
        "write an address, or a name of at most 64 characters and an address, such as "
        "Celery <alerts@example.com>",
    ),
)

HEADER_NAME = (
    rule(
        "self.matches('^[A-Za-z0-9-]+$')",
        "write the name of a header, such as Authorization or X-Api-Key",
    ),
    rule(
        "!self.matches('^(?i)(content-.*|connection|host|transfer-encoding|webhook-.*)$')",
        "the monitor sets this header itself: write another one, such as Authorization or X-Api-Key",
    ),
)

_TWICE = (
    "!has(self.{0}) || !has(self.{1}) || self.{0}.all(one, !self.{1}.exists(other, other.name == one.name))"
)
ALERTS = tuple(
    rule(_TWICE.format(first, second), f"a name is in {first} and in {second}: write another in one of them")
    for first, second in (("webhooks", "emails"), ("webhooks", "apprise"), ("emails", "apprise"))
)
