"""``celery-operator run``: the operator's process."""

import asyncio
import logging
import sys

from kubernetes.aio.config import ConfigException

from celery_health import logs
from celery_operator.handlers import WatchEndedError
from celery_operator.process.flags import parse
from celery_operator.process.leader import LeaseLostError
from celery_operator.run import run
from celery_operator.shares.host_lookups import OperatorLoop

# kopf logs every event that it handles.
NOISY = ("kopf", "aiohttp.access", "asyncio")

_log = logging.getLogger("celery_operator")


def main() -> None:
    """Exit status: 0 after SIGTERM, 1 when the process could not go on, 2 for a wrong flag."""
    settings = parse(sys.argv[1:])
    logs.configure(settings.log_level, settings.log_format, NOISY)
    try:
        with asyncio.Runner(loop_factory=OperatorLoop) as runner:
            runner.run(run(settings))
    except (LeaseLostError, WatchEndedError) as error:
        _log.error("ending, so that a new process starts over: %s", error)
        sys.exit(1)
    except ConfigException as error:
        _log.error("no API server to talk to: run in a pod, or set KUBECONFIG: %s", error)
        sys.exit(1)
    except OSError as error:
        _log.error("cannot start: %s", error)
        sys.exit(1)


if __name__ == "__main__":
    main()
