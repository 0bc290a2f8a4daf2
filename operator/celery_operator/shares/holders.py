"""Who uses a share: one CeleryDeployment, or the operator itself.

The holder belongs to the context (``contextvars``): the tasks that the loop of a CeleryDeployment starts have
its holder, however deep in a library they are started.
"""

from contextvars import ContextVar

OPERATOR = ""
"""The holder of everything that is done for no single CeleryDeployment, such as renewing the Lease."""

_holder: ContextVar[str] = ContextVar("holder of shares", default=OPERATOR)


def begin(holder: str) -> None:
    """Let this context, and the tasks that it starts from now on, use the share of this holder."""
    _holder.set(holder)


def current() -> str:
    """The holder of this context."""
    return _holder.get()
