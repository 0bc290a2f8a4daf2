"""PostgreSQL and MySQL, as result stores or an application's database: does it let us in, and take writes?"""

from collections.abc import Sequence

from celery_health.broker import BrokerReading, BrokerReason
from celery_health.readers import failures
from celery_health.readers.failures import Failure
from celery_health.readers.one_thread import OneThread
from celery_health.urls import BrokerKind, BrokerUrl


class DatabaseReader:
    """Logs in and out at each look: a kept connection would take one of the server's for nothing."""

    def __init__(self, url: BrokerUrl) -> None:
        self._url = url
        self._thread: OneThread[Failure] = OneThread()

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """Whether the database can be used; a database has no queues, so nothing is told of them."""
        try:
            failure = await self._thread.run(self._look)
        except TimeoutError:
            failure = failures.timed_out(self._url)
        return failure.reading(self._url, tuple(queues))

    async def close(self) -> None:
        """Nothing is kept between looks."""

    def _look(self) -> Failure:
        """Blocks for as long as the driver's timeouts allow. Never raises for an ill server."""
        url = self._url
        try:
            # Here: a driver is needed by those alone who have such a database.
            if url.kind is BrokerKind.POSTGRESQL:
                from celery_health.readers.postgresql import look  # noqa: PLC0415
            else:
                from celery_health.readers.mysql import look  # noqa: PLC0415
        except ImportError:
            return Failure(
                BrokerReason.UNREADABLE_KIND,
                f"{url.address} was not asked, because its driver is not installed here: "
                "pip install 'celery-operator[database]'.",
                reachable=None,
            )
        return look(url)


def reachable(url: BrokerUrl) -> Failure:
    """Not a failure: it let us in."""
    return Failure(BrokerReason.REACHABLE, f"{url.address} answers.", reachable=True)


def read_only(url: BrokerUrl) -> Failure:
    """A standby, or a server that was told to take no writes."""
    return Failure(
        BrokerReason.READ_ONLY, f"{url.address} takes no writes: write the address of the primary server."
    )


def no_such_database(url: BrokerUrl) -> Failure:
    """The login is right, what it asks for is not there."""
    return Failure(
        BrokerReason.NOT_PERMITTED,
        f"{url.address} is no database there, or not one of its user's: create it, or correct the URL.",
    )
