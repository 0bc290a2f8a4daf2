"""``python3 -m tools.try_it``: the shop with load and the monitor, until Ctrl-C."""

import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

if sys.version_info < (3, 11):  # noqa: UP036 (whatever Python make finds)
    sys.exit("make try needs Python 3.11 or newer: run `make try PYTHON=python3.12` with the name of one.")

from tools.cluster import devenv
from tools.cluster.errors import ClusterError
from tools.cluster.layout import this_checkout
from tools.cluster.progress import say
from tools.testbed.servers import free_port
from tools.try_it.processes import Processes
from tools.try_it.redis_program import find_redis
from tools.try_it.shop import EXTRAS, LOGIN, UNREAD, RedisAddress, Shop

ENVIRONMENT = ".venv-try"
INTERRUPTED = 130
"""What a shell reports for a program that Ctrl-C ended."""


class Signals:
    """Counts SIGINT, SIGTERM and SIGHUP: the first stops, the second stops at once."""

    def __init__(self) -> None:
        self.count = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._received)

    def _received(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1

    def stopping(self) -> bool:
        """Whether the program has to end."""
        return self.count > 0

    def hurry(self) -> bool:
        """Whether it has to end at once."""
        return self.count > 1


def main() -> int:
    """Exit status: 0 when it was stopped, 1 when a part does not start or ends."""
    checkout = this_checkout().checkout
    try:
        devenv.sync(checkout, ENVIRONMENT, extras=EXTRAS)
        redis = find_redis()
    except ClusterError as problem:
        return _failed(problem)
    except KeyboardInterrupt:
        return INTERRUPTED
    signals = Signals()
    with tempfile.TemporaryDirectory(prefix="celery-try-", ignore_cleanup_errors=True) as scratch:
        folder, address = Path(scratch), RedisAddress(free_port())
        paths = [checkout / "examples" / "shop", checkout / "health"]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CELERY_")},
            **address.environment,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            # A process that is killed leaves its temporary files.
            "TMPDIR": scratch,
            # The settings that are saved on the page.
            "XDG_DATA_HOME": scratch,
        }
        processes = Processes(folder, environment)
        try:
            shop = Shop(processes, folder, checkout / ENVIRONMENT / "bin" / "python", address)
            say("Starting Redis, two workers, beat, the producer and the monitor ...")
            shop.start_redis(redis, signals.stopping)
            shop.start_workers()
            link = shop.start_monitor(signals.stopping)
            if not signals.stopping():
                _explain(link, shop.token, address)
            while not signals.stopping():
                processes.check()
                time.sleep(0.2)
        except ClusterError as problem:
            return _failed(problem)
        finally:
            processes.end(signals.hurry)
    say("Stopped. Nothing is left.")
    return 0


def _explain(link: str, token: str, address: RedisAddress) -> None:
    programs = f"{ENVIRONMENT}/bin"
    api = f"{link.partition(LOGIN)[0]}/api/automation/monitoring"
    broker = f"--broker {address.environment['CELERY_BROKER_URL']}"
    say(
        f"""
The shop runs: two workers, beat, and 5 tasks a second. Open the monitor (the link works once):

  {link}

The page shows that no worker reads the queue {UNREAD}. The tour in README.md repairs that with this command:

  {programs}/celery {broker} control add_consumer {UNREAD}

Try in another terminal too:

  curl -s -H 'Authorization: Bearer {token}' '{api}/tasks?state=failure&limit=3'
  curl -s -H 'Authorization: Bearer {token}' '{api}/workers'
  {programs}/celery-health {broker}

Ctrl-C stops everything and removes it."""
    )


def _failed(problem: ClusterError) -> int:
    say(f"error: {problem}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
