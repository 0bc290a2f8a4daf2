"""``python -m bench.monitor.history``: one database, with tasks of the wanted number and kind."""

import argparse

from bench.monitor.history.part import Plan, run
from bench.report import as_text, circumstances


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.monitor.history", description=__doc__)
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("SQLite", "PostgreSQL"), default="SQLite")
    parser.add_argument("--no-arguments", action="store_true", help="tasks have no arguments and results")
    parser.add_argument("--repeats", type=int, default=20, help="of each query; 0 times none")
    parser.add_argument("--keep", help="a URL: use this database, and fill it only if it is empty")
    options = parser.parse_args()
    plan = Plan(options.database, options.tasks, not options.no_arguments, options.repeats, options.keep)
    print(f"{circumstances()}\n{as_text(run(plan))}")


if __name__ == "__main__":
    main()
