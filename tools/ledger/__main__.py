"""``python -m tools.ledger``: tasks write down what they do, and the history has to say the same."""

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tools.ledger.page import Row, page
from tools.ledger.run import compare
from tools.ledger.runs import WHOLE

_SHOWN = 30


def main() -> int:
    """Exit status 1 if a history differs from its ledger, or a monitor needs more and more memory."""
    parser = argparse.ArgumentParser(prog="python -m tools.ledger", description=__doc__)
    parser.add_argument(
        "--only", type=int, nargs="+", choices=range(1, len(WHOLE) + 1), help="only these runs"
    )
    parser.add_argument("--tasks", type=int, help="tasks of a run, in place of its own number")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--patience", type=float, default=1800.0, help="seconds after the last task was sent")
    parser.add_argument("--page", type=Path, help="the Markdown page to write")
    options = parser.parse_args()
    rows = []
    for number in options.only or range(1, len(WHOLE) + 1):
        plan = replace(WHOLE[number - 1], seed=options.seed)
        plan = replace(plan, tasks=options.tasks or plan.tasks)
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="celery-ledger-") as folder:
            results = compare(
                Path(folder), plan, patience=options.patience, say=lambda line: print(line, flush=True)
            )
        for database, result in results.items():
            rows.append(Row(plan, database, result, time.monotonic() - began))
            for sentence in (*result.differences, *result.reported, *result.popped, *result.forgotten)[
                :_SHOWN
            ]:
                print(f"  {sentence}")
            print(f"{rows[-1].line()}", flush=True)
        if options.page:
            options.page.write_text(page(rows))
    return 0 if all(row.result.is_right for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
