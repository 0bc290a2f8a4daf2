"""The trace of a run, where opentelemetry-instrumentation-celery or another tracer sent it with the message.

Both ends of that library use the headers of the message, so the worker's main process finds the trace there
although the span itself exists in a pool child.
"""

import re
from collections.abc import Mapping
from typing import Any

# https://www.w3.org/TR/trace-context/#traceparent-header; the last bit says that the trace is recorded.
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f][13579bdf]")


def trace_id(headers: Mapping[str, Any]) -> str:
    """The id of the recorded trace that the message belongs to; empty without one."""
    parent = headers.get("traceparent")
    found = _TRACEPARENT.match(parent) if isinstance(parent, str) else None
    return found[1] if found else ""
