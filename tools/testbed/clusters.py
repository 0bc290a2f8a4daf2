"""A Redis Cluster of one server that has all slots, as managed services with one shard are."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis import Redis

from tools.testbed.servers import RedisServer, free_port, redis_server
from tools.testbed.waiting import wait_for


@contextmanager
def redis_cluster(directory: Path) -> Iterator[RedisServer]:
    """A running one with its files in ``directory``; ended when the block ends."""
    arguments = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()), "--dir", str(directory))
    with redis_server(directory, arguments=arguments) as server, Redis(port=server.port) as client:
        untyped: Any = client
        untyped.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        wait_for(lambda: untyped.execute_command("CLUSTER INFO")["cluster_state"] == "ok")
        yield server
