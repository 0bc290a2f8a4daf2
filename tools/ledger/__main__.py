"""``python -m tools.ledger``: tasks write down what they do, and the history has to say the same."""

import argparse
import sys
import tempfile
from pathlib import Path

from tools.ledger.run import compare

SHOWN = 30


def main() -> int:
    """Exit status 1 if the history differs from the ledger."""
    parser = argparse.ArgumentParser(prog="python -m tools.ledger", description=__doc__)
    parser.add_argument("--tasks", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=10, help="how often a worker is killed")
    parser.add_argument("--broker", choices=("redis", "rabbitmq"), default="redis")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--patience", type=float, default=1800.0, help="seconds after the last task was sent")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="celery-ledger-") as folder:
        result = compare(Path(folder), **vars(options), say=lambda line: print(line, flush=True))
    print(
        f"{result.tasks} tasks, {result.runs} runs, {result.run_twice} tasks ran twice; "
        f"{len(result.differences)} differences, {len(result.reported)} more on workers with missed events"
    )
    for sentence in (*result.differences, *result.reported)[:SHOWN]:
        print(f"  {sentence}")
    return 1 if result.differences else 0


if __name__ == "__main__":
    sys.exit(main())
