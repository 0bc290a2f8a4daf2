"""Prepares the agent in every Python process whose ``PYTHONPATH`` begins with ``/celery-probe/site``.

It is the ``site/sitecustomize.py`` of an installed bundle. Python imports it when a process starts. The
``sitecustomize`` that it hides, such as that of a distribution or of a tracer, is run next.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from os.path import abspath, dirname

FOLDER = dirname(abspath(__file__))  # noqa: PTH100, PTH120 - to import pathlib takes longer than all else here


def prepare_agent() -> None:
    """Import the agent's hook from the bundle, which does not stay on the path of modules."""
    bundle = dirname(FOLDER)  # noqa: PTH120
    sys.path.insert(0, bundle)
    try:
        from celery_probe.agent import import_hook  # noqa: PLC0415

        import_hook.install()
    except Exception as error:
        print(f"celery-probe: no agent in this process: {type(error).__name__}", file=sys.stderr)  # noqa: T201
    finally:
        sys.path.remove(bundle)


def run_hidden() -> None:
    """Run the next ``sitecustomize`` on the path, as Python does."""
    later = sys.path[sys.path.index(FOLDER) + 1 :] if FOLDER in sys.path else sys.path
    spec = PathFinder.find_spec("sitecustomize", later)
    if spec is None or spec.loader is None:
        return
    module = type(sys)(spec.name)
    module.__file__, module.__spec__, module.__loader__ = spec.origin, spec, spec.loader
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


if "celery_probe.agent.import_hook" not in sys.modules:  # a tracer's sitecustomize runs this file again
    prepare_agent()
    run_hidden()
