"""From the options of the command line and the environment to settings."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from celery_health.environment import set_by_celery
from celery_health.survey.app_connection import AppConnection, resolve
from celery_health.survey.app_loading import load_app
from celery_monitor.settings.access import (
    AccessSettings,
    JwtSettings,
    ProxyIdentity,
    Role,
    StaticToken,
    check_token,
    read_tokens,
)
from celery_monitor.settings.alerts.reading import read_alerts
from celery_monitor.settings.alerts.rules import alert_rules
from celery_monitor.settings.data_folder import data_folder, history_file
from celery_monitor.settings.groups import HistorySettings, ServerSettings, Settings
from celery_monitor.settings.problem import SettingsError
from celery_monitor.settings.values import database

LOADING_SECONDS = 120.0
TOKEN_NAME = "token"  # noqa: S105 (a name)
# A shorter key can be found by trying (RFC 7518, 3.2).
_MIN_JWT_SECRET = 32

Connect = Callable[[Mapping[str, Any], Mapping[str, str]], AppConnection]


def connect_by_options(options: Mapping[str, Any], environment: Mapping[str, str]) -> AppConnection:
    """The connection that the options name. It loads the application, and sets its URLs.

    Raises:
        ConfigurationError: no broker is named, its URL cannot be read, or the application cannot be loaded.
    """
    name = options["app"]
    variables = set_by_celery(environment)
    if name:
        named = {"CELERY_BROKER_URL": options["broker"]} if options["broker"] else {}
        os.environ.update({**variables, **named})
    app = load_app(name, LOADING_SECONDS, timeout_option=None) if name else None
    return resolve(app, name, options["broker"], options["result_backend"], {**environment, **variables})


def read_settings(
    options: Mapping[str, Any], environment: Mapping[str, str], connect: Connect = connect_by_options
) -> Settings:
    """The settings of the options, whose own environment variables click has read already.

    Raises:
        SettingsError: the options contradict each other, or one cannot be used.
        ConfigurationError: no broker is named, its URL cannot be read, or the application cannot be loaded.
    """
    server = ServerSettings(
        host=options["host"],
        port=options["port"],
        url_prefix=options["url_prefix"],
        proxies=tuple(options["proxy"]),
        flower_api=options["flower_api"],
    )
    access = _access(options)
    if not server.is_loopback and not access.configured:
        raise SettingsError(
            f"--host {server.host} can be reached from other machines, and there is no way to log in: set "
            "CELERY_MONITOR_TOKEN, or use --token-file, --jwt-secret, --jwt-jwks-url or --kubernetes-tokens."
        )
    connection = _checked_broker(connect(options, environment))
    if options["master_name"]:
        connection = connection.with_master(options["master_name"])
    return Settings(
        connection=connection,
        history=HistorySettings(
            url=_database(options["database"], connection, environment),
            schema=options["database_schema"],
            retention_days=options["retention_days"],
            retention_tasks=options["retention_tasks"],
        ),
        server=server,
        access=access,
        alerts=read_alerts(options),
        alert_rules=alert_rules(options),
        management_url=options["management_url"],
        backlog_threshold=options["backlog_threshold"],
        ignored_queues=tuple(options["ignore_queue"]),
        worker_patterns=tuple(options["workers_pattern"]),
        submit_tasks=MappingProxyType(dict(options["submit_task"])),
        log_level=options["log_level"],
        log_format=options["log_format"],
    )


def _checked_broker(connection: AppConnection) -> AppConnection:
    kind = connection.broker.kind
    if not kind.is_redis and not kind.is_amqp:
        raise SettingsError(
            f"The broker is a URL of {connection.broker.scheme}, and the monitor reads events of Redis and "
            "RabbitMQ: write redis://HOST:6379/0 or amqp://HOST:5672/VHOST."
        )
    return connection


def _database(given: str | None, connection: AppConnection, environment: Mapping[str, str]) -> str:
    if given:
        return database(given, "--database")
    if environment.get("DATABASE_URL"):
        return database(environment["DATABASE_URL"], "DATABASE_URL")
    file = history_file(connection.broker, data_folder(environment))
    return f"sqlite:///{file}"


def _access(options: Mapping[str, Any]) -> AccessSettings:
    tokens: tuple[StaticToken, ...] = ()
    if options["token"]:
        secret = check_token(options["token"], "--token (CELERY_MONITOR_TOKEN)")
        tokens = (StaticToken(TOKEN_NAME, Role.ADMIN, secret),)
    if options["token_file"]:
        tokens += read_tokens(Path(options["token_file"]))
    if len({token.secret for token in tokens}) < len(tokens):
        raise SettingsError("two tokens are equal: give each identity a token of its own")
    push = options["push_token"]
    return AccessSettings(
        tokens=tokens,
        jwt=_jwt(options),
        kubernetes_tokens=options["kubernetes_tokens"],
        push_token=check_token(push, "--push-token") if push else None,
        login_link=options["login_link"],
        proxy_identity=_proxy_identity(options),
        session_secret=_session_secret(options["session_secret"]),
        metrics_public=options["metrics_public"],
        rate_limit=options["rate_limit"],
    )


def _proxy_identity(options: Mapping[str, Any]) -> ProxyIdentity | None:
    header = options["proxy_identity_header"]
    if not header:
        return None
    if not options["proxy"]:
        raise SettingsError("--proxy-identity-header needs --proxy: only the proxies may name a user")
    return ProxyIdentity(header, Role(options["proxy_identity_role"]))


def _session_secret(secret: str | None) -> str | None:
    if secret and len(secret) < _MIN_JWT_SECRET:
        raise SettingsError(
            f"--session-secret has fewer than {_MIN_JWT_SECRET} characters: make one with "
            "`openssl rand -hex 32`"
        )
    return secret or None


def _jwt(options: Mapping[str, Any]) -> JwtSettings | None:
    secret, keys = options["jwt_secret"], options["jwt_jwks_url"]
    if not secret and not keys:
        if options["jwt_issuer"] or options["jwt_audience"]:
            raise SettingsError(
                "--jwt-issuer and --jwt-audience need a key: use --jwt-secret or --jwt-jwks-url with them"
            )
        return None
    if secret and keys:
        raise SettingsError("--jwt-secret and --jwt-jwks-url exclude each other: use one of them")
    if secret and len(secret) < _MIN_JWT_SECRET:
        raise SettingsError(
            f"--jwt-secret has fewer than {_MIN_JWT_SECRET} characters: make one with `openssl rand -hex 32`"
        )
    if keys:
        _check_keys(keys, options)
    return JwtSettings(
        secret=secret or None,
        jwks_url=keys or None,
        issuer=options["jwt_issuer"] or None,
        audience=options["jwt_audience"] or None,
        role_claim=options["jwt_role_claim"],
    )


def _check_keys(url: str, options: Mapping[str, Any]) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError("--jwt-jwks-url cannot be read: write https://ISSUER/.well-known/jwks.json")
    if not options["jwt_issuer"] or not options["jwt_audience"]:
        raise SettingsError(
            "--jwt-jwks-url needs --jwt-issuer and --jwt-audience: the keys of an issuer sign the tokens of "
            "other programs too"
        )
