"""Readers of brokers and result backends: one for each protocol, all of them ``BrokerReader``s."""

from dataclasses import replace

from celery_health.broker import BrokerReader, BrokerReading, RedisNaming
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers.access import ANYWHERE, Access
from celery_health.readers.failover import FailoverReader
from celery_health.readers.fixed import FixedReader
from celery_health.readers.parameters import check_parameters, check_parameters_of_results, parse_broker
from celery_health.tls import PythonVersion
from celery_health.urls import (
    BrokerKind,
    BrokerUrl,
    UrlError,
    parse_management,
    parse_result_backend,
)

__all__ = ["reader_for", "result_backend_reader_for"]


def reader_for(
    url: str | BrokerUrl,
    naming: RedisNaming | None = None,
    *,
    management_url: str | None = None,
    master_name: str | None = None,
    python: PythonVersion | None = None,
    access: Access = ANYWHERE,
    of_workers: bool = False,
) -> BrokerReader:
    """The reader for the URL of a broker or database. It connects at the first read and never raises.

    ``naming``: how the application names its Redis keys. ``management_url``: where RabbitMQ's management API
    is; if it has no user, the broker's user logs in there too. ``master_name``: what Sentinels watch.
    ``python``: the version of the Celery process whose verification of certificates counts; if None, a
    certificate counts as good that is good on any Python. ``access``: where the reader may connect.
    ``of_workers``: the URL is that of workers, so that a parameter that Celery refuses makes it invalid.
    """
    try:
        parsed = parse_broker(url) if isinstance(url, str) else url
        if of_workers:
            check_parameters(parsed, of_workers=True)
    except UrlError as error:
        return FixedReader(BrokerReading("unknown", "", False, BrokerReason.URL_INVALID, str(error)))
    parsed = access.without_files(parsed)
    if parsed.kind is BrokerKind.SENTINEL and master_name:
        parsed = replace(parsed, master_name=master_name)
    reader = _reader_with_failover(parsed, naming or RedisNaming(), python, access)
    if parsed.kind.is_amqp and management_url:
        return _with_management(reader, parsed, management_url, access)
    return reader


def result_backend_reader_for(
    url: str,
    naming: RedisNaming | None = None,
    *,
    management_url: str | None = None,
    master_name: str | None = None,
    access: Access = ANYWHERE,
) -> BrokerReader:
    """As ``reader_for``, of what Celery takes for ``result_backend``. Of a result backend, read no queues."""
    try:
        parsed = parse_result_backend(url)
        check_parameters_of_results(parsed)
    except UrlError as error:
        return FixedReader(BrokerReading("unknown", "", False, BrokerReason.URL_INVALID, str(error)))
    return reader_for(parsed, naming, management_url=management_url, master_name=master_name, access=access)


def _reader_with_failover(
    parsed: BrokerUrl, naming: RedisNaming, python: PythonVersion | None, access: Access
) -> BrokerReader:
    if parsed.kind is BrokerKind.SENTINEL or not parsed.alternates:
        return _reader_of(parsed, naming, python, access)
    return FailoverReader([_reader_of(one, naming, python, access) for one in (parsed, *parsed.alternates)])


def _with_management(
    reader: BrokerReader, broker: BrokerUrl, management_url: str, access: Access
) -> BrokerReader:
    from celery_health.readers.rabbitmq.amqp_with_management import AmqpWithManagementReader  # noqa: PLC0415
    from celery_health.readers.rabbitmq.management import RabbitManagementReader  # noqa: PLC0415

    try:
        parsed = access.without_files(parse_management(management_url))
        management: BrokerReader = RabbitManagementReader(parsed, broker, access)
    except UrlError as error:
        reading = BrokerReading(broker.kind.value, "", False, BrokerReason.URL_INVALID, str(error))
        management = FixedReader(reading)
    return AmqpWithManagementReader(reader, management)


def _reader_of(
    url: BrokerUrl, naming: RedisNaming, python: PythonVersion | None, access: Access
) -> BrokerReader:
    if why := _why_not_read(url, access):
        return _unreadable(url, why)
    # Imported only when needed: the redis package takes 20 MB, and the sidecar uses this package without it.
    if url.kind.is_redis:
        from celery_health.readers.redis.reader import RedisReader  # noqa: PLC0415

        return RedisReader(url, naming, python, access)
    if url.kind.is_amqp:
        from celery_health.readers.rabbitmq.amqp import AmqpReader  # noqa: PLC0415

        return AmqpReader(url, access)
    if url.kind in {BrokerKind.POSTGRESQL, BrokerKind.MYSQL}:
        from celery_health.readers.databases.reader import DatabaseReader  # noqa: PLC0415

        return DatabaseReader(url, access)
    return _unreadable(url, _why_unreadable(url))


def _why_not_read(url: BrokerUrl, access: Access) -> str:
    """Why a server of a known kind cannot be read; empty if it can."""
    if url.needs_app:
        return f"{url.address} was not checked: only the application has its options of TLS."
    if access.limited and url.kind.is_redis and url.path:
        return f"{url.address} is a socket on the workers' machine and cannot be read from here."
    if url.kind is BrokerKind.SENTINEL and not url.master_name:
        return (
            f"{url.address} does not name the master: use -A APP, whose broker_transport_options name it. "
            "Without an application add ?master_name=NAME to the URL of this program alone, because Celery "
            "refuses it. In a CeleryDeployment write masterName."
        )
    return ""


def _why_unreadable(url: BrokerUrl) -> str:
    if url.kind is BrokerKind.SQLITE:
        return f"{url.address} is a file on the workers' machine and cannot be read from here."
    if url.scheme == "rpc":
        return "Results travel over the broker (rpc), so there is no separate result backend to read."
    if url.scheme == "disabled":
        return "The result backend is disabled: the application stores no results."
    return f"{url.address} cannot be read: there is no reader for this kind of server."


def _unreadable(url: BrokerUrl, message: str) -> FixedReader:
    kind = url.scheme if url.kind is BrokerKind.OTHER else url.kind.value
    return FixedReader(BrokerReading(kind, url.address, None, BrokerReason.UNSUPPORTED_KIND, message))
