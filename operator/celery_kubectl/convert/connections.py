"""Finds the broker and the result backend of a container in its options and its environment."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from celery_health.masking import mask_recognised
from celery_health.verdicts.text import listed
from celery_kubectl.convert.celery_command import CeleryCommand
from celery_kubectl.convert.draft import Draft
from celery_kubectl.convert.environment import Composed, Elsewhere, Literal, SecretKey, Value, Variables
from celery_kubectl.kubectl import Object

BROKER_VARIABLES = ("BROKER_URL", "CELERY_BROKER", "CELERY_BROKER_URL")
"""In the order in which the command line of Celery reads them."""
BACKEND_VARIABLES = ("RESULT_BACKEND", "CELERY_RESULT_BACKEND")
RENAMED = {
    **dict.fromkeys(BROKER_VARIABLES, "CELERY_BROKER_URL"),
    **dict.fromkeys(BACKEND_VARIABLES, "CELERY_RESULT_BACKEND"),
}
"""Variables that spec.broker and spec.resultBackend replace, with what the pods have instead."""

_OTHER_BROKER = re.compile(
    r"\w*BROKER_?(URL|URI|CONNECTION_STRING)|(CLOUD)?(AMQP|RABBITMQ|RABBIT)_?(URL|URI)|(CELERY_)?REDIS_?(URL|URI)",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://\S*")
PASSWORD = re.compile(r"://[^/?#]*:[^/?#]*@")
_READ = frozenset({"redis", "rediss", "sentinel", "redis+socket", "amqp", "amqps", "pyamqp"})


@dataclass(frozen=True, slots=True)
class Connection:
    """A broker or a result backend, and where it was found."""

    value: Value | None = None
    origin: str = ""
    """The option or the variable."""
    guessed: bool = False
    """Whether only the name of the variable speaks for it."""

    @property
    def identity(self) -> str:
        """The same for two connections to the same place; empty where nothing is known."""
        match self.value:
            case Literal(text):
                return text
            case SecretKey(secret, key):
                return f"{secret}/{key}"
            case Composed(text):
                return text
            case Elsewhere(description):
                return description
            case None:
                return ""


def broker_of(command: CeleryCommand, variables: Variables) -> Connection:
    """The broker, from the option, from Celery's variables, or from another variable whose name says it."""
    if (option := command.value("--broker")) is not None:
        return Connection(_option(option), "--broker")
    for name in BROKER_VARIABLES:
        if (value := variables[name]) is not None and value != Literal(""):
            return Connection(value, name)
    others = sorted((name for name in variables.names if _OTHER_BROKER.fullmatch(name)), key=_doubt)
    for name in others:
        value = variables[name]
        if isinstance(value, SecretKey) or (isinstance(value, Literal) and _SCHEME.fullmatch(value.text)):
            return Connection(value, name, guessed=True)
    return Connection()


def result_backend_of(command: CeleryCommand, variables: Variables) -> Connection:
    """The result backend, from the option or from Celery's variables."""
    if (option := command.value("--result-backend")) is not None:
        return Connection(_option(option), "--result-backend")
    for name in BACKEND_VARIABLES:
        if (value := variables[name]) is not None and value != Literal(""):
            return Connection(value, name)
    return Connection()


def write_broker(broker: Connection, draft: Draft, resource: str, unread: Sequence[str]) -> None:
    """``spec.broker``, with what a person has to do about it. ``unread``: where it may be."""
    draft.fields["broker"] = _source(broker) or {"urlFrom": _secret(f"{resource}-broker", "url")}
    create = f"kubectl create secret generic {resource}-broker --from-literal=url=URL"
    match broker.value:
        case None:
            place = f": it may be in {listed(unread)}, which was not read" if unread else ""
            draft.ask(
                f"The broker was not found{place}. Write its URL here, or into this Secret: {create}",
                "broker",
            )
        case Composed(text):
            draft.ask(
                f"{broker.origin} is composed of other variables: {mask_recognised(text)}. Write the whole "
                f"URL into this Secret: {create}",
                "broker",
            )
        case Elsewhere(description):
            draft.ask(
                f"{broker.origin} is in {description}, which was not read. Write the URL here, or into this "
                f"Secret: {create}",
                "broker",
            )
        case Literal(text) if not _SCHEME.fullmatch(text):
            draft.ask(f"{broker.origin} is not the URL of a broker. Write it here.", "broker")
        case Literal(text):
            _check_url(text, draft, create)
    if broker.guessed:
        draft.ask(
            f"This is {broker.origin}: check that it is the broker. No variable of Celery's own names it.",
            "broker",
        )


def write_result_backend(backend: Connection, draft: Draft) -> None:
    """``spec.resultBackend``; without a URL the application decides."""
    match backend.value:
        case None:
            return
        case Literal(text) if _SCHEME.fullmatch(text):
            if PASSWORD.search(text):
                draft.ask("This URL has a password in plain text: move it to a Secret.", "resultBackend")
        case SecretKey():
            pass
        case Literal(text):
            draft.ask(
                f"{backend.origin} is {mask_recognised(text)}, which is not a URL: set result_backend in the "
                "application. CELERY_RESULT_BACKEND is not set in the pods.",
                "broker",
            )
            return
        case Composed() | Elsewhere():
            draft.ask(
                f"{backend.origin} is not carried over, because its whole URL is not known. Write it into a "
                "Secret, and name that in resultBackend.urlFrom.",
                "broker",
            )
            return
    draft.put(_source(backend), "resultBackend")


def _check_url(url: str, draft: Draft, create: str) -> None:
    if PASSWORD.search(url):
        draft.ask(
            f"This URL has a password in plain text. Move it to a Secret and write urlFrom: {create}",
            "broker",
        )
    scheme = url.partition("://")[0].lower()
    if scheme == "sentinel":
        draft.ask("Write the name of the master, as the application has it, in broker.masterName.", "broker")
    elif scheme not in _READ:
        draft.ask(
            f"The operator reads Redis and RabbitMQ. For {scheme}:// it sees no queues, and does not scale.",
            "broker",
        )


def _doubt(name: str) -> tuple[bool, bool, str]:
    return "BROKER" not in name.upper(), "AMQP" not in name.upper(), name


def _option(text: str) -> Value:
    return Composed(text) if "$" in text else Literal(text)


def _source(connection: Connection) -> Object:
    match connection.value:
        case Literal(text) if _SCHEME.fullmatch(text):
            return {"url": text}
        case SecretKey(secret, key):
            return {"urlFrom": _secret(secret, key)}
        case _:
            return {}


def _secret(name: str, key: str) -> Object:
    return {"secretKeyRef": {"name": name, "key": key}}
