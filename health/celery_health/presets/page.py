"""The tables of docs/reference/presets.md, generated from the presets."""

import re
from collections.abc import Mapping
from typing import Any

from celery_health.presets.environment import worker_options
from celery_health.presets.limits import time_limits
from celery_health.presets.poison_tasks import CONSUMER
from celery_health.presets.preset import Preset
from celery_health.presets.rabbitmq import rabbitmq_broker
from celery_health.presets.rates import rate_limits
from celery_health.presets.redis import redis_broker, redis_results
from celery_health.presets.reliability import reliable
from celery_health.presets.routing import queues

_MARK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def presets() -> dict[str, Preset]:
    """Every preset of settings with its default arguments, by its name."""
    environment = {"CELERY_WORKER_CONCURRENCY": "4", "CELERY_WORKER_MAX_TASKS_PER_CHILD": "1000"}
    return {
        "reliable": reliable(),
        "quarantine": Preset((CONSUMER,)),
        "time_limits": time_limits(),
        "redis_broker": redis_broker(),
        "redis_results": redis_results(),
        "rabbitmq_broker": rabbitmq_broker(),
        "queues": queues(),
        "rate_limits": rate_limits({"shop.mail.send": "10/m"}),
        "worker_options": worker_options(environment),
    }


def table(preset: Preset) -> str:
    """A Markdown table with one row for each setting."""
    rows = [f"| `{name}` | {_shown(value)} | {preset.trade_offs[name]} |" for name, value in preset.items()]
    return "\n".join(("| setting | value | trade-off |", "|---|---|---|", *rows)) + "\n"


def renewed(page: str) -> str:
    """The page with its tables generated anew."""
    tables = {name: table(preset) for name, preset in presets().items()}
    return _MARK.sub(lambda mark: f"{mark[1]}{tables[mark[2]]}{mark[3]}", page)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "<br>".join(_option(name, part) for name, part in value.items())
    if isinstance(value, tuple):
        return ", ".join(f"`{queue.name}`" for queue in value)
    return f"`{value}`"


def _option(name: Any, value: Any) -> str:
    if name == "socket_keepalive_options":
        # The option numbers differ between systems.
        return f"`{name}`: idle, interval, count `{', '.join(map(str, value.values()))}`"
    if isinstance(value, Mapping):
        return f"`{name}`: " + ", ".join(f"`{part}`" for part in value.values())
    return f"`{name}`: `{value}`"
