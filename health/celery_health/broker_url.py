"""What the URL of a broker or result backend says: the kind of server, and the parts of the URL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class UrlError(ValueError):
    """The text is not the URL of a broker or result backend. The message says what to write instead."""


class BrokerKind(StrEnum):
    """The protocol of a URL. OTHER can be used by Celery but not read here."""

    REDIS = "redis"
    REDISS = "rediss"
    SENTINEL = "sentinel"
    AMQP = "amqp"
    AMQPS = "amqps"
    POSTGRESQL = "postgresql"
    MYSQL = "mysql"
    SQLITE = "sqlite"
    OTHER = "other"

    @property
    def is_redis(self) -> bool:
        """True for Redis, also with TLS or Sentinel."""
        return self in {BrokerKind.REDIS, BrokerKind.REDISS, BrokerKind.SENTINEL}

    @property
    def is_amqp(self) -> bool:
        """True for AMQP 0-9-1, also with TLS."""
        return self in {BrokerKind.AMQP, BrokerKind.AMQPS}

    @property
    def is_database(self) -> bool:
        """True for SQL: a result backend, or the application's database, and never a broker."""
        return self in {BrokerKind.POSTGRESQL, BrokerKind.MYSQL, BrokerKind.SQLITE}


KINDS: Mapping[str, BrokerKind] = {
    "redis": BrokerKind.REDIS,
    "rediss": BrokerKind.REDISS,
    "sentinel": BrokerKind.SENTINEL,
    "amqp": BrokerKind.AMQP,
    "pyamqp": BrokerKind.AMQP,
    "librabbitmq": BrokerKind.AMQP,
    "amqps": BrokerKind.AMQPS,
}
# The dialects of SQLAlchemy, with or without Celery's prefix "db+". The prefix "sqla+" is a broker of kombu.
DIALECTS: Mapping[str, BrokerKind] = {
    "postgresql": BrokerKind.POSTGRESQL,
    "mysql": BrokerKind.MYSQL,
    "mariadb": BrokerKind.MYSQL,
    "sqlite": BrokerKind.SQLITE,
}
# Other names of the same in DATABASE_URL, as packages for Django read it. SQLAlchemy knows none of them.
DJANGO_DIALECTS: Mapping[str, BrokerKind] = {
    **dict.fromkeys(
        ("postgres", "postgis", "psql", "pgsql", "timescale", "timescalegis"), BrokerKind.POSTGRESQL
    ),
    **dict.fromkeys(("mysql2", "mysqlgis", "mysql-connector"), BrokerKind.MYSQL),
    "spatialite": BrokerKind.SQLITE,
}
PORTS: Mapping[BrokerKind, int] = {
    BrokerKind.REDIS: 6379,
    BrokerKind.REDISS: 6379,
    BrokerKind.SENTINEL: 26379,
    BrokerKind.AMQP: 5672,
    BrokerKind.AMQPS: 5671,
    BrokerKind.POSTGRESQL: 5432,
    BrokerKind.MYSQL: 3306,
}
MANAGEMENT_PORTS = {"http": 15672, "https": 15671}


@dataclass(frozen=True, slots=True)
class BrokerUrl:
    """The parts of one URL. ``database`` is set for Redis, ``vhost`` for AMQP.

    ``database_name`` is set for SQL; for SQLite it is the path of the file, empty for a database in memory.
    ``path`` is set for a management API behind a proxy, and for a Redis on a Unix socket.

    ``master_name`` and ``sentinel_login`` (user, password) are for Sentinels: Celery takes them from the
    transport options. ``login_method`` is that of AMQP, None for user and password.

    ``host`` is empty and ``port`` None where the kind has none. ``alternates`` are the failover URLs after
    the first; for Sentinel they are the other Sentinels.
    """

    kind: BrokerKind
    scheme: str
    host: str
    port: int | None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    database: int | None = None
    vhost: str | None = None
    database_name: str | None = None
    path: str = ""
    named: bool = False
    """Whether it is no URL but the name of a result backend, such as ``database`` or ``shop:Backend``."""
    tls: bool = False
    query: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    alternates: tuple["BrokerUrl", ...] = ()
    master_name: str | None = None
    sentinel_login: tuple[str | None, str] | None = field(default=None, repr=False)
    login_method: str | None = None
    tls_setting: str = field(default="", compare=False)
    """The setting of the application that has the options of TLS; empty where a URL has them."""
    needs_app: bool = False
    """Whether the application has options of TLS that no reader takes: only its own connection counts."""

    @property
    def address(self) -> str:
        """The URL without credentials and query, for messages and status."""
        if not self.host:
            return self._address_without_host
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        path = ""
        if self.database is not None:
            path = f"/{self.database}"
        elif self.vhost is not None:
            path = "/" if self.vhost == "/" else f"/{self.vhost}"
        elif self.database_name or self.path:
            path = f"/{self.database_name or self.path}"
        return f"{self.scheme}://{host}{port}{path}"

    @property
    def _address_without_host(self) -> str:
        if self.named:
            return self.scheme
        if self.path:
            database = f"?virtual_host={self.database}" if self.database else ""
            return f"{self.scheme}://{self.path}{database}"
        return f"{self.scheme}://" + (f"/{self.database_name}" if self.database_name else "")
