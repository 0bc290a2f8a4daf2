"""The names of brokers, result backends and databases that kombu and Celery know."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from importlib.metadata import entry_points

from celery_health.broker_url import DIALECTS, DJANGO_DIALECTS, BrokerUrl
from celery_health.url_parts import sql_urls
from celery_health.urls import UrlError

# Of kombu 5.3 to 5.7, in its own spelling.
TRANSPORTS = frozenset(
    (  # noqa: SIM905 (one name a line is no better)
        "amqp amqps pyamqp librabbitmq confluentkafka kafka memory redis rediss SQS sqs mongodb zookeeper "
        "sqlalchemy sqla SLMQ slmq filesystem qpid sentinel consul etcd azurestoragequeues azureservicebus "
        "pyro gcpubsub"
    ).split()
)
# Of Celery 5.3 to 5.7, and of django-celery-results.
RESULT_BACKENDS = frozenset(
    (  # noqa: SIM905
        "rpc cache redis rediss sentinel mongodb db database elasticsearch cassandra couchbase couchdb "
        "cosmosdbsql riak file disabled consul dynamodb azureblockblob arangodb s3 gs django-db django-cache"
    ).split()
)
# Databases that are not read, beside the dialects that are.
_OTHER_DATABASES = frozenset(
    {"cockroachdb", "cockroach", "redshift", "mssql", "mssqlms", "oracle", "oraclegis"}
)
# A class by its path, such as shop.transport:Own, can be neither known nor misspelled.
_CLASS_PATH = re.compile(r"[.:]")
# Names of servers that are no names of transports.
_MEANT = {"rabbit": "amqp", "rabbitmq": "amqp", "rabbitmqs": "amqps", "valkey": "redis", "valkeys": "rediss"}
_EXAMPLES = {
    "transport": "redis://, rediss://, sentinel://, amqp:// or amqps://",
    "result backend": "redis://, rpc://, db+postgresql:// or django-db",
    "database": "postgresql://, mysql:// or sqlite://",
}


def check_broker(url: BrokerUrl, known: Iterable[str] = TRANSPORTS) -> None:
    """``known``: the transports of the kombu that is installed, where one is.

    Raises:
        UrlError: no worker can use the URL as its broker, because kombu knows no such transport.
    """
    for one in (url, *url.alternates):
        _check(one.scheme.partition("+")[0], "transport", known)


def check_result_backend(url: BrokerUrl) -> None:
    """Packages that are installed may add result backends to Celery's.

    Raises:
        UrlError: no worker can use it, because Celery or SQLAlchemy knows no such result backend.
    """
    scheme, dialect = url.scheme, sql_urls.dialect(url.scheme)
    if dialect in DJANGO_DIALECTS or (url.kind.is_database and not scheme.startswith("db+")):
        sqlalchemy = {kind: name for name, kind in reversed(list(DIALECTS.items()))}[url.kind]
        raise UrlError(f"There is no result backend {scheme}: did you mean db+{sqlalchemy}?")
    name = scheme.partition("+")[0]
    added = () if name in RESULT_BACKENDS else entry_points(group="celery.result_backends")
    _check(name, "result backend", RESULT_BACKENDS.union(one.name for one in added))


def check_database(url: BrokerUrl) -> None:
    """The URL of an application's database may have each name that packages for Django know.

    Raises:
        UrlError: no such database is known.
    """
    _check(sql_urls.dialect(url.scheme), "database", {*DIALECTS, *DJANGO_DIALECTS, *_OTHER_DATABASES})


def _check(name: str, what: str, known: Iterable[str]) -> None:
    names = set(known)
    if name in names or _CLASS_PATH.search(name):
        return
    meant = _MEANT.get(name.lower())
    nearest = [meant] if meant in names else get_close_matches(name.lower(), sorted(names), n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else f"write {_EXAMPLES[what]}."
    raise UrlError(f"There is no {what} {name}: {hint}")
