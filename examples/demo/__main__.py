"""``python -m examples.demo``: the tour; ``--once`` ends after it, ``--down`` takes the shop away."""

import argparse
import contextlib
import shutil
import subprocess
import sys
from pathlib import Path

from examples.demo import tour
from examples.demo.diagnosis import print_diagnosis
from examples.demo.kubectl import NAMESPACE, Kubectl
from examples.demo.screen import DemoError, fail, heading, say, wait
from examples.demo.shop import Shop

LOAD = ("celerydeployment/shop", "deployment/producer")
CHECKOUT = Path(__file__).parents[2]
INTERRUPTED = 130
"""What a shell reports for a program that Ctrl-C ended."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the tour, and leave the shop running")
    parser.add_argument("--down", action="store_true", help="remove the shop")
    options = parser.parse_args()
    try:
        kubectl = Kubectl.find(CHECKOUT)
        if options.down:
            take_down(kubectl)
        else:
            tour.check_cluster(kubectl)
            show(kubectl, stays=not options.once)
    except DemoError as error:
        return fail(error)
    except KeyboardInterrupt:
        say("\nThe shop stays as it is; `make demo-down` removes it.")
        return INTERRUPTED
    return 0


def show(kubectl: Kubectl, *, stays: bool) -> None:
    """The tour, and with ``stays`` every change after it. Prints how things stand when it fails."""
    try:
        with contextlib.chdir(CHECKOUT):
            tour.run(kubectl)
    except DemoError:
        print_diagnosis(kubectl)
        raise
    print_commands(kubectl)
    if stays:
        stay(kubectl)


def print_commands(kubectl: Kubectl) -> None:
    """Print the commands with which a person explores the demo."""
    heading("Explore")
    for line in (
        *([] if shutil.which("kubectl") else [f"export PATH={Path(kubectl.program).parent}:$PATH"]),
        f"export KUBECONFIG={kubectl.kubeconfig}",
        f"kubectl describe celerydeployment shop -n {NAMESPACE}",
        f"kubectl get pods,deployments -n {NAMESPACE}",
        f"kubectl logs -n {NAMESPACE} -l celery-operator.dev/group=orders -c worker --tail 20",
        f"kubectl exec -n {NAMESPACE} deploy/producer -- python -m shop.ledger",
        f"kubectl scale celerydeployment shop -n {NAMESPACE} --replicas=1",
        "make demo-down",
    ):
        say(f"   {line}")


def stay(kubectl: Kubectl) -> None:
    """Show every change of the resource until Ctrl-C."""
    watch = ("get", "celerydeployments", "-n", NAMESPACE, "--watch")
    say(f"\nEvery change, until Ctrl-C:\n$ kubectl {' '.join(watch)}")
    subprocess.run(kubectl.command(*watch), check=False)


def take_down(kubectl: Kubectl) -> None:
    """Delete the workers while their broker answers, then the broker, then the namespace.

    A worker whose broker is deleted at the same time waits for it until its grace period ends. A namespace
    that still has pods is retried only every few seconds.
    """
    # Without the operator's CRD there are no workers, and kubectl says that it does not know the kind.
    with contextlib.suppress(DemoError):
        kubectl.run("delete", "-n", NAMESPACE, *LOAD, "--ignore-not-found", "--wait=false")
        wait("the workers are gone", lambda: not Shop(kubectl).pods() or None, seconds=90)
        kubectl.run("delete", "-n", NAMESPACE, "deployments", "--all", "--wait=false")
        pods = ("get", "pods", "-n", NAMESPACE, "-o", "name")
        wait("the broker is gone", lambda: not kubectl.run(*pods) or None, seconds=60)
    kubectl.run("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")
    wait(
        "the shop is gone",
        lambda: not kubectl.run("get", "namespace", NAMESPACE, "--ignore-not-found") or None,
        seconds=180,
    )


if __name__ == "__main__":
    sys.exit(main())
