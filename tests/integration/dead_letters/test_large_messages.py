"""The sidecar has 96 MiB, and reads the dead-letter queue for ``kubectl celery dead-letter`` as well."""

import json
import subprocess
import sys

import redis as redis_client
from tools.testbed.servers import RedisServer

from celery_health.wire.names import BROKER_VARIABLE
from tests.integration.dead_letters.quarantine import QUEUE
from tests.integration.dead_letters.test_errors import message

SIDECAR_MIB = 96
# ``ru_maxrss`` counts what the parent had before it became this process.
PROGRAM = """
from pathlib import Path
from celery_health.dead_letters.__main__ import main
main()
print(next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line))
"""


def test_several_large_messages_are_not_read_at_once(redis: RedisServer) -> None:
    with redis_client.Redis(port=redis.port) as client:
        for number in range(10):
            client.lpush(QUEUE, message(f"29a{number}", "x" * 7_000_000))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps({"queue": QUEUE, "action": "read", "limit": 100}),
        env={BROKER_VARIABLE: redis.url},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    page, end, memory = done.stdout.splitlines()
    assert (len(json.loads(page)["page"]["letters"]), json.loads(end)) == (10, {"end": True})
    assert int(memory.split()[1]) < SIDECAR_MIB * 1024
