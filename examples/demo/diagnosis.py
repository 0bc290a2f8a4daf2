"""What a failed demo prints, so that the cause stands beside the failure."""

from examples.demo.kubectl import NAMESPACE, Kubectl, KubectlError
from examples.demo.screen import say

COMMANDS = (
    ("describe", "celerydeployment", "shop", "-n", NAMESPACE),
    ("get", "pods", "-n", NAMESPACE, "-o", "wide"),
    ("get", "events", "-n", NAMESPACE, "--sort-by=.lastTimestamp"),
    ("get", "pods", "--all-namespaces", "-l", "app.kubernetes.io/name=celery-operator"),
)


def print_diagnosis(kubectl: Kubectl) -> None:
    """The resource, the pods, the events and the operator, as far as the cluster still answers."""
    say("\nHow things stand:")
    for command in COMMANDS:
        try:
            kubectl.show(*command)
        except KubectlError as error:
            say(f"     {error}")
