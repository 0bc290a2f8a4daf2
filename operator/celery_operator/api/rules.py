"""CEL rules of the resource: what the API server refuses, and the message that says what to write instead."""

from typing import Any

Rule = dict[str, str]


def rule(expression: str, message: str) -> Rule:
    """One rule with a fixed message."""
    return {"rule": expression, "message": message}


def computed(expression: str, message: str, message_expression: str) -> Rule:
    """One rule whose message quotes the offending value; ``message`` stands in if CEL cannot compute it."""
    return {"rule": expression, "message": message, "messageExpression": message_expression}


def checked(*rules: Rule, **extra: Any) -> dict[str, Any]:
    """The ``json_schema_extra`` that carries rules, and other ``x-kubernetes-*`` keys, into the schema."""
    return {"x-kubernetes-validations": list(rules), **extra} if rules else extra


def keyed(*keys: str) -> dict[str, Any]:
    """A list that is a map by these fields: duplicates are refused, server-side apply merges by key."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


def refused(message: str, *options: str, flags: str = "") -> Rule:
    """Options that must not stand in ``args``, in every spelling that click accepts.

    click takes --name VALUE and --name=VALUE, -n VALUE and -nVALUE, and several short options in one
    argument. It does not complete abbreviations. ``flags``: short options that take no value.
    """
    names = "|".join(option[2:] for option in options if option.startswith("--"))
    letters = "".join(option[1:] for option in options if not option.startswith("--"))
    patterns = [f"--({names})(=|$)"] if names else []
    patterns += [f"-{f'[{flags}]*' if flags else ''}[{letters}]"] if letters else []
    return rule(f"!self.matches('^({'|'.join(patterns)})')", message)


NAME = (
    rule(
        "self.metadata.name.size() <= 40",
        "metadata.name is too long: write at most 40 characters, because the names of the Deployments "
        "begin with it",
    ),
    rule(
        "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        "metadata.name must be usable in the name of a Service: write lower case letters, digits and '-', "
        "beginning with a letter, such as my-shop",
    ),
)

APP = (
    computed(
        "!self.contains('/') && !self.endsWith('.py')",
        "app is a Python module, not a file: write shop.celery instead of shop/celery.py",
        "'app is a Python module, not a file: write ' + "
        "self.replace('./', '').replace('.py', '').replace('/', '.') + ' instead of ' + self",
    ),
    rule(
        r"self.contains('/') || self.endsWith('.py') || "
        r"self.matches('^[\\pL_][\\pL\\pN_]*(\\.[\\pL_][\\pL\\pN_]*)*(:[\\pL_][\\pL\\pN_.]*)?$')",
        "app is what `celery -A` takes: write a module such as shop.celery, or module:attribute such as "
        "shop.celery:app",
    ),
)

IMAGE = (
    rule(
        r"self.size() > 0 && !self.matches('\\s')",
        "write an image reference without spaces, such as registry.example/shop:1.4",
    ),
)

BROKER = (
    rule(
        "[has(self.url), has(self.urlFrom), has(self.managed)].filter(given, given).size() == 1",
        "write exactly one of url, urlFrom and managed; for a Redis of its own: managed: {}",
    ),
    rule(
        "!has(self.managementUrl) || !has(self.managed)",
        "managementUrl is for RabbitMQ, and the managed broker is a Redis: remove managementUrl",
    ),
    rule(
        "!has(self.managementUrl) || !has(self.url) || self.url.matches('^(amqps?|pyamqp)://')",
        "managementUrl is for RabbitMQ: write an amqp:// or amqps:// URL in url, or remove managementUrl",
    ),
    rule(
        "!has(self.masterName) || !has(self.managed)",
        "masterName is for Sentinels, and the managed broker is a Redis: remove masterName",
    ),
    rule(
        "!has(self.masterName) || !has(self.url) || self.url.matches('^sentinel://')",
        "masterName is for Sentinels: write a sentinel:// URL in url, or remove masterName",
    ),
)

MASTER_NAME = (
    rule(
        r"self.matches('^[A-Za-z0-9._-]+$')",
        "write the name of the master as the Sentinels have it: letters, digits, '.', '_' and '-', such as "
        "mymaster",
    ),
)

MANAGEMENT_URL = (
    rule(
        r"self.matches('^https?://[^\\s/?#]+') && !self.matches('\\s')",
        "write the URL of RabbitMQ's management API with its scheme, such as http://rabbitmq:15672",
    ),
    rule(
        "!self.contains('@')",
        "write managementUrl without user and password: those of the broker's URL are used",
    ),
)

# The default of restart, {}, is held against them before its own fields have theirs.
RESTART = (
    rule(
        "!has(self.maxConcurrent) || !has(self.maxAttempts) || self.maxConcurrent <= self.maxAttempts",
        "restart.maxConcurrent is above restart.maxAttempts: write a lower restart.maxConcurrent or a higher "
        "restart.maxAttempts",
    ),
    rule(
        "!has(self.delaySeconds) || !has(self.windowSeconds) || self.delaySeconds < self.windowSeconds",
        "restart.delaySeconds leaves no time for a second restart in the window: write a value below "
        "restart.windowSeconds",
    ),
)

RESULT_BACKEND = (
    rule(
        "[has(self.url), has(self.urlFrom), has(self.managed)].filter(given, given).size() == 1",
        "write exactly one of url, urlFrom and managed; for no result backend leave resultBackend out",
    ),
    rule(
        "!has(self.masterName) || !has(self.managed)",
        "masterName is for Sentinels, and the managed result backend is a Redis: remove masterName",
    ),
    rule(
        "!has(self.masterName) || !has(self.url) || self.url.matches('^sentinel://')",
        "masterName is for Sentinels: write a sentinel:// URL in url, or remove masterName",
    ),
)

BROKER_URL = (
    rule(
        r"self.matches('^[A-Za-z][A-Za-z0-9+.-]*://') && !self.matches('\\s')",
        "write the broker URL with its scheme and without spaces, such as redis://redis:6379/0 or "
        "amqp://rabbitmq:5672//",
    ),
)

RESULT_BACKEND_URL = (
    rule(
        r"self.matches('^[A-Za-z][A-Za-z0-9+.-]*://') && !self.matches('\\s')",
        "write the result backend URL with its scheme and without spaces, such as redis://redis:6379/1, "
        "rpc:// or db+postgresql://postgres/results",
    ),
)

WORKER_VARIABLES = tuple(
    f"CELERY_WORKER_{option}"
    for option in ("AUTOSCALE", "BEAT", "DETACH", "EXCLUDE_QUEUES", "LOGFILE", "PIDFILE")
)
"""Variables that `celery worker` takes as options, and that no option of ours overrules."""

ENV_NAME = (
    rule(
        "self != 'CELERY_BROKER_URL'",
        "CELERY_BROKER_URL is set from spec.broker: write the URL in spec.broker.url or spec.broker.urlFrom",
    ),
    rule(
        "self != 'CELERY_RESULT_BACKEND'",
        "CELERY_RESULT_BACKEND is set from spec.resultBackend: write the URL in spec.resultBackend.url or "
        "spec.resultBackend.urlFrom",
    ),
    rule(
        "!(self in ['BROKER_URL', 'CELERY_BROKER', 'RESULT_BACKEND', 'CELERY_BROKER_READ_URL', "
        "'CELERY_BROKER_WRITE_URL'])",
        "Celery reads BROKER_URL, CELERY_BROKER, RESULT_BACKEND, CELERY_BROKER_READ_URL and "
        "CELERY_BROKER_WRITE_URL before the URLs of this resource: write the URLs in spec.broker and "
        "spec.resultBackend, and let the application read CELERY_BROKER_URL and CELERY_RESULT_BACKEND",
    ),
    rule(
        f"!(self in {list(WORKER_VARIABLES)})",
        "the command line of Celery reads this variable as an option of `celery worker` that args cannot set "
        "either: remove the variable",
    ),
    rule(
        "!self.startsWith('CELERY_PROBE_')",
        "names that begin with CELERY_PROBE_ belong to the probe sidecar: write another name",
    ),
)

VOLUME_NAME = (
    rule(
        "!(self in ['celery-probe', 'celery-probe-token'])",
        "the names celery-probe and celery-probe-token are those of the operator's own volumes: write "
        "another name, such as data",
    ),
)

QUEUE = (
    rule(
        "!self.contains(',')",
        "a queue name cannot contain a comma: write one list item per queue, such as [default, email]",
    ),
    rule(
        r"!self.matches('^\\s|\\s$|[\\x00-\\x1f\\x7f]')",
        "a queue name cannot begin or end with a space or contain a control character: write a name such as "
        "default",
    ),
)

SPEC = (
    rule(
        "!has(self.resultBackend) || !has(self.resultBackend.managed) || has(self.broker.managed)",
        "resultBackend.managed keeps results in the managed Redis: write broker: {managed: {}}, or the URL "
        "of another result backend in resultBackend.url or resultBackend.urlFrom",
    ),
    rule(
        "!has(self.scaleTarget) || self.workers.exists(group, group.name == self.scaleTarget)",
        "scaleTarget names no worker group: write the name of one of spec.workers",
    ),
    rule(
        "!has(self.replicas) || !self.workers.exists(group, has(group.autoscaling) && "
        "group.name == (has(self.scaleTarget) ? self.scaleTarget : self.workers[0].name))",
        "spec.replicas is for the scale target, whose autoscaling sets the number of pods: remove "
        "spec.replicas (where it is stored already, write replicas: null), name a group without autoscaling "
        "in scaleTarget, or remove that group's autoscaling",
    ),
)
