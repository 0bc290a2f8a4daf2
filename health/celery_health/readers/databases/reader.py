"""The reader of a SQL database: whether it accepts the login, and writes."""

from collections.abc import Sequence

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reachability
from celery_health.readers.access import ANYWHERE, Access
from celery_health.readers.reachability import Reachability
from celery_health.readers.timeouts import TOTAL_SECONDS
from celery_health.threads import SingleThread
from celery_health.urls import BrokerKind, BrokerUrl


class DatabaseReader:
    """Logs in and out at each read: a connection kept open would count against the server's limit."""

    def __init__(self, url: BrokerUrl, access: Access = ANYWHERE) -> None:
        self._url = url
        self._access = access
        self._thread: SingleThread[Reachability] = SingleThread(TOTAL_SECONDS)

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """Whether the database can be used. A database has no queues: their lengths are unknown."""
        try:
            result = await self._thread.run(self._check)
        except TimeoutError:
            result = reachability.timed_out(self._url)
        return result.reading(self._url, tuple(queues))

    async def close(self) -> None:
        """Nothing to close: no connection is kept."""

    def _check(self) -> Reachability:
        """Blocks for at most the driver's timeouts, and does not raise for a server's error."""
        url = self._url
        try:
            # Imported here: a driver is installed only where such a database is used.
            if url.kind is BrokerKind.POSTGRESQL:
                from celery_health.readers.databases.postgresql import check  # noqa: PLC0415
            else:
                from celery_health.readers.databases.mysql import check  # noqa: PLC0415
        except ImportError:
            return Reachability(
                BrokerReason.UNSUPPORTED_KIND,
                f"{url.address} was not checked, because its driver is not installed here: "
                "pip install 'celery-operator[database]'.",
                reachable=None,
            )
        return check(url, self._access)
