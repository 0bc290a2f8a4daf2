"""Readers of brokers and result backends: one for each protocol, all of them ``BrokerReader``s."""

from celery_health.broker import BrokerReader, BrokerReading, RedisNaming
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers.failover import FailoverReader
from celery_health.readers.fixed import FixedReader
from celery_health.tls import PythonVersion
from celery_health.urls import BrokerKind, BrokerUrl, UrlError, parse, parse_management

__all__ = ["reader_for"]


def reader_for(
    url: str,
    naming: RedisNaming | None = None,
    *,
    management_url: str | None = None,
    python: PythonVersion | None = None,
) -> BrokerReader:
    """The reader for the URL of a broker or result backend. It connects at the first read and never raises.

    ``naming``: how the application names its Redis keys. ``management_url``: where RabbitMQ's management API
    is; if it has no user, the broker's user logs in there too. Of a result backend, read no queues.
    ``python``: the version of the Celery process whose verification of certificates counts; if None, a
    certificate counts as good that is good on any Python.
    """
    try:
        parsed = parse(url)
    except UrlError as error:
        return FixedReader(BrokerReading("unknown", "", False, BrokerReason.URL_INVALID, str(error)))
    reader = _reader_with_failover(parsed, naming or RedisNaming(), python)
    if parsed.kind.is_amqp and management_url:
        return _with_management(reader, parsed, management_url)
    return reader


def _reader_with_failover(
    parsed: BrokerUrl, naming: RedisNaming, python: PythonVersion | None
) -> BrokerReader:
    if parsed.kind is BrokerKind.SENTINEL or not parsed.alternates:
        return _reader_of(parsed, naming, python)
    return FailoverReader([_reader_of(one, naming, python) for one in (parsed, *parsed.alternates)])


def _with_management(reader: BrokerReader, broker: BrokerUrl, management_url: str) -> BrokerReader:
    from celery_health.readers.rabbitmq.amqp_with_management import AmqpWithManagementReader  # noqa: PLC0415
    from celery_health.readers.rabbitmq.management import RabbitManagementReader  # noqa: PLC0415

    try:
        management: BrokerReader = RabbitManagementReader(parse_management(management_url), broker)
    except UrlError as error:
        reading = BrokerReading(broker.kind.value, "", False, BrokerReason.URL_INVALID, str(error))
        management = FixedReader(reading)
    return AmqpWithManagementReader(reader, management)


def _reader_of(url: BrokerUrl, naming: RedisNaming, python: PythonVersion | None) -> BrokerReader:
    if url.kind is BrokerKind.SENTINEL and not url.query.get("master_name"):
        return _unreadable(
            url,
            f"{url.address} does not name the master: add ?master_name=NAME to the URL, "
            "with the master_name of broker_transport_options.",
        )
    # Imported only when needed: the redis package takes 20 MB, and the sidecar uses this package without it.
    if url.kind.is_redis:
        from celery_health.readers.redis.reader import RedisReader  # noqa: PLC0415

        return RedisReader(url, naming, python)
    if url.kind.is_amqp:
        from celery_health.readers.rabbitmq.amqp import AmqpReader  # noqa: PLC0415

        return AmqpReader(url)
    if url.kind in {BrokerKind.POSTGRESQL, BrokerKind.MYSQL}:
        from celery_health.readers.databases.reader import DatabaseReader  # noqa: PLC0415

        return DatabaseReader(url)
    return _unreadable(url, _why_unreadable(url))


def _why_unreadable(url: BrokerUrl) -> str:
    if url.kind is BrokerKind.SQLITE:
        return f"{url.address} is a file on the workers' machine and cannot be read from here."
    if url.scheme == "rpc":
        return "Results travel over the broker (rpc), so there is no separate result backend to read."
    return f"{url.address} cannot be read: there is no reader for this kind of server."


def _unreadable(url: BrokerUrl, message: str) -> FixedReader:
    kind = url.scheme if url.kind is BrokerKind.OTHER else url.kind.value
    return FixedReader(BrokerReading(kind, url.address, None, BrokerReason.UNSUPPORTED_KIND, message))
