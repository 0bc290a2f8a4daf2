"""The limits of requests and of failed logins."""

from limits import RateLimitItemPerSecond

from celery_monitor.settings import RateLimit
from celery_monitor.web.identity.caller import Caller
from celery_monitor.web.identity.client import Client
from celery_monitor.web.limits.counters import Counters
from celery_monitor.web.problems import ProblemError

FAILED_LOGINS = RateLimit(requests=10, seconds=60)
"""Of one address. Stricter than any other limit, because tokens could be guessed."""


class Limiter:
    """Counts the requests of each identity, or of each address without one, and failed logins."""

    def __init__(self, requests: RateLimit | None, counters: Counters) -> None:
        self._requests = requests
        self._request_item = _item(requests) if requests is not None else None
        self._failure_item = _item(FAILED_LOGINS)
        self._counters = counters

    async def start(self) -> None:
        """Connect to the storage."""
        await self._counters.start()

    async def close(self) -> None:
        """Close the connection to the storage."""
        await self._counters.close()

    async def count_request(self, caller: Caller, client: Client) -> None:
        """Count a request.

        Raises:
            ProblemError: 429, the caller has sent too many.
        """
        if self._requests is None or self._request_item is None:
            return
        key = f"address {client.limit_key}" if caller.role is None else f"{caller.source} {caller.name}"
        if not await self._counters.hit(self._request_item, f"request {key}"):
            raise _too_many("requests", self._requests)

    async def before_login(self, client: Client) -> None:
        """Check that the address may try a credential.

        Raises:
            ProblemError: 429, too many logins from the address have failed.
        """
        if not await self._counters.test(self._failure_item, f"login {client.limit_key}"):
            raise _too_many("failed logins", FAILED_LOGINS)

    async def failed_login(self, client: Client) -> None:
        """Count a credential that is not valid."""
        await self._counters.hit(self._failure_item, f"login {client.limit_key}")


def _item(limit: RateLimit) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(limit.requests, limit.seconds)


def _too_many(what: str, limit: RateLimit) -> ProblemError:
    # A sliding window frees its first places after this part of its length, at the latest.
    seconds = max(1, limit.seconds // limit.requests)
    return ProblemError(
        429,
        f"Too many {what}: at most {limit.requests} in {limit.seconds} seconds. Try again later.",
        {"Retry-After": str(seconds)},
    )
