"""``python -m tools.fault_matrix``: every fault on every pool; exits with 0 if every row is as expected."""

import argparse
import datetime
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

from tools.fault_matrix.flapping import flapping
from tools.fault_matrix.measure import Result
from tools.fault_matrix.page import page
from tools.fault_matrix.rows import BY_NAME, ROWS
from tools.fault_matrix.run import run_matrix
from tools.fault_matrix.stand import BROKERS, POOLS
from tools.testbed.kube import Kube
from tools.testbed.rabbitmq import IMAGE as RABBITMQ_IMAGE
from tools.testbed.shop import EXAMPLE_IMAGE, REDIS_IMAGE

QUICK = ("wedged", "deaf", "broker hangs")


def main() -> int:
    """Run the matrix on the cluster of $KUBECONFIG."""
    options = _options()
    kube = Kube(kubectl=Path(os.environ["KUBECTL"]), kubeconfig=Path(os.environ["KUBECONFIG"]))
    if options.flapping:
        return flapping(kube, options.flapping)
    rows = [BY_NAME[name] for name in options.only or (QUICK if options.quick else BY_NAME)]
    places = list(itertools.product(options.pool or POOLS, options.broker or BROKERS))
    facts = _facts(kube)
    so_far: list[Result] = []

    def take(result: Result) -> None:
        # After each row: a run that is ended early leaves what it found.
        so_far.append(result)
        if options.page:
            options.page.write_text(page(so_far, facts))

    results = run_matrix(
        kube, rows, places, options.at_once, say=lambda line: print(line, flush=True), take=take
    )
    text = page(results, facts)
    print(text)
    return 1 if any(result.problem for result in results) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.fault_matrix", description="Every fault on each pool."
    )
    parser.add_argument("--page", type=Path, help="the Markdown page to write")
    names = [row.name for row in ROWS]
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=names, help=f"one of: {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}")
    parser.add_argument("--pool", nargs="+", choices=POOLS, help="only these pools")
    parser.add_argument("--broker", nargs="+", choices=BROKERS, help="only these brokers")
    parser.add_argument("--at-once", type=int, default=3, help="stands that run side by side")
    parser.add_argument(
        "--flapping", type=float, metavar="SECONDS", help="instead: a broker that comes and goes so long"
    )
    return parser.parse_args()


def _facts(kube: Kube) -> dict[str, str]:
    server = json.loads(kube.api.raw("/version"))["gitVersion"]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": commit,
        "Kubernetes": server,
        "brokers": f"{REDIS_IMAGE}, {RABBITMQ_IMAGE}",
        "application": EXAMPLE_IMAGE,
    }


if __name__ == "__main__":
    sys.exit(main())
