"""Readers of brokers and result stores: one for each protocol, all behind one port."""

from celery_health.broker import BrokerReader, BrokerReading, BrokerReason, RedisNaming
from celery_health.readers.failover import FailoverReader
from celery_health.readers.fixed import FixedReader
from celery_health.urls import BrokerKind, BrokerUrl, UrlError, parse

__all__ = ["reader_for"]


def reader_for(
    url: str, naming: RedisNaming | None = None, *, management_url: str | None = None
) -> BrokerReader:
    """The reader for a broker or result store URL. It connects at the first read and never raises.

    ``naming`` tells how the application names its Redis lists; other kinds have no use for it. Of a result
    store read no queues: then the answer itself is the reading.
    """
    try:
        parsed = parse(url)
    except UrlError as error:
        return FixedReader(BrokerReading("unknown", "", False, BrokerReason.URL_INVALID, str(error)))
    if parsed.kind is BrokerKind.SENTINEL or not parsed.alternates:
        return _reader_of(parsed, naming or RedisNaming())
    readers = [_reader_of(one, naming or RedisNaming()) for one in (parsed, *parsed.alternates)]
    return FailoverReader(readers)


def _reader_of(url: BrokerUrl, naming: RedisNaming) -> BrokerReader:
    if url.kind is BrokerKind.SENTINEL and not url.query.get("master_name"):
        return _unreadable(
            url,
            f"{url.address} does not say which master to ask: write ?master_name=NAME behind the URL, "
            "with the master_name of broker_transport_options.",
        )
    # Imported only when needed: the redis package takes 20 MB, and the sidecar uses this package without it.
    if url.kind.is_redis:
        from celery_health.readers.redis import RedisReader  # noqa: PLC0415

        return RedisReader(url, naming)
    if url.kind.is_amqp:
        from celery_health.readers.amqp import AmqpReader  # noqa: PLC0415

        return AmqpReader(url)
    return _unreadable(
        url, f"{url.address} is of a kind that cannot be read: health comes from the agents alone."
    )


def _unreadable(url: BrokerUrl, message: str) -> FixedReader:
    kind = url.scheme if url.kind is BrokerKind.OTHER else url.kind.value
    return FixedReader(BrokerReading(kind, url.address, None, BrokerReason.UNREADABLE_KIND, message))
