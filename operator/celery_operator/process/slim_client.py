"""Keeps the parts of the Kubernetes client out of memory that the operator does not use."""

import sys
from importlib.util import find_spec, module_from_spec

_PACKAGES = ("kubernetes", "kubernetes.aio")
"""Each imports all its parts: the client that blocks, that of WebSockets, and OAuth, 11 MB together."""


def skip_unused_parts() -> None:
    """Have these packages import nothing by themselves. Their parts are still found by name.

    Only for a process of our own, and before anything imports them.
    """
    for name in _PACKAGES:
        spec = find_spec(name)
        if name not in sys.modules and spec is not None:
            sys.modules[name] = module_from_spec(spec)
