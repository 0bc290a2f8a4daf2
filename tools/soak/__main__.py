"""``python -m tools.soak --seconds 1800 --rate 50 --seed 7``: exit status 0 if every promise was kept.

Children are killed, but no task is the cause: the operator may name no poison task.
"""

import argparse
import os
import sys
import uuid
from pathlib import Path

from celery_health.catalogue.deaths import DeathReason
from tools.soak.judge import counts_of
from tools.soak.market import Market
from tools.soak.run import Soak
from tools.testbed.diagnostics import describe_namespace
from tools.testbed.events import named
from tools.testbed.kube import Kube
from tools.testbed.shop import Shop


def main() -> int:
    """Run one soak in a namespace of its own on the cluster of $KUBECONFIG."""
    parser = argparse.ArgumentParser(prog="python -m tools.soak", description="Random faults under load.")
    parser.add_argument("--seconds", type=float, default=1800, help="how long load and faults last")
    parser.add_argument("--rate", type=float, default=50, help="tasks a second")
    parser.add_argument("--seed", type=int, default=7, help="which faults and tasks")
    parser.add_argument("--keep", action="store_true", help="do not delete the namespace afterwards")
    options = parser.parse_args()
    kube = Kube(kubectl=Path(os.environ["KUBECTL"]), kubeconfig=Path(os.environ["KUBECONFIG"]))
    namespace = f"soak-{uuid.uuid4().hex[:6]}"
    kube.run("create", "namespace", namespace)
    kube.run("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    shop = Shop(kube, namespace)
    soak = Soak(Market(shop), say=lambda line: print(line, flush=True))
    try:
        outcome = soak.run(options.seconds, options.rate, options.seed)
        wrongly = named(shop, [DeathReason.POISON_TASK])
    except AssertionError:
        print(describe_namespace(kube, namespace), file=sys.stderr)
        raise
    finally:
        if not options.keep:
            kube.run("delete", "namespace", namespace, "--wait=false")
    for name, number in counts_of(outcome).items():
        print(f"{name:24} {number}")
    for line in (*outcome.examples, *wrongly):
        print(line)
    return 0 if outcome.kept_promises and not wrongly else 1


if __name__ == "__main__":
    sys.exit(main())
