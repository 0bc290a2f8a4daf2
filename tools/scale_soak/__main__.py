"""``python -m tools.scale_soak --scale-ins 100 --longest 60``: exits with 0 if each task ran exactly once.

The operator may name no death either: it removes each pod itself.
"""

import argparse
import sys

from celery_health.catalogue.deaths import DeathReason
from tools.scale_soak.run import ScaleIns
from tools.scale_soak.stand import own_stand
from tools.testbed.events import named

LANES = {"kubectl": 2, "load": 2}


def main() -> int:
    """Run on the cluster of $KUBECONFIG, in a namespace of its own."""
    parser = argparse.ArgumentParser(prog="python -m tools.scale_soak", description="Scale-ins under load.")
    parser.add_argument("--scale-ins", type=int, default=100, help="how many, over all groups")
    parser.add_argument("--longest", type=float, default=60, help="seconds that the longest task runs")
    parser.add_argument("--seed", type=int, default=7, help="which tasks and sizes")
    parser.add_argument("--keep", action="store_true", help="do not delete the namespace afterwards")
    options = parser.parse_args()
    with own_stand("scaling", keep=options.keep) as made:
        soak = ScaleIns(made, LANES, options.longest, options.seed, say=lambda line: print(line, flush=True))
        result = soak.run(options.scale_ins)
        wrongly = named(made.shop, DeathReason)
    outcome = result.outcome
    print(f"{result.scale_ins} scale-ins, {outcome.sent} tasks of 0.1 to {options.longest:g} s")
    print(f"lost {outcome.lost}, killed {outcome.killed}, run twice {outcome.repeated}")
    for line in (*outcome.examples, *wrongly):
        print(line)
    return 0 if outcome.clean and not wrongly and result.scale_ins >= options.scale_ins else 1


if __name__ == "__main__":
    sys.exit(main())
