"""Small Deployments for tests, and what they become."""

from typing import Any, NamedTuple

import yaml

from celery_kubectl.convert.conversion import Sources, convert

BROKER = {"name": "CELERY_BROKER_URL", "value": "redis://redis:6379/0"}


def deployment(name: str, *command: str, pod: Any = None, **container: Any) -> dict[str, Any]:
    """A Deployment of one container; ``pod`` are more fields of the pod."""
    labels = {"app": name}
    whole = {"name": "main", "image": "shop:1", "command": list(command), "env": [BROKER], **container}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [whole], **(pod or {})}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }


def worker(*options: str, name: str = "shop-worker", **fields: Any) -> dict[str, Any]:
    """A worker of the application ``shop``."""
    return deployment(name, "celery", "-A", "shop", "worker", "-c", "2", *options, **fields)


class Printed(NamedTuple):
    """A CeleryDeployment."""

    spec: dict[str, Any]
    comments: str
    """All comments in a row."""

    @property
    def group(self) -> dict[str, Any]:
        """The first group."""
        group: dict[str, Any] = self.spec["workers"][0]
        return group


def printed(*deployments: dict[str, Any], **sources: Any) -> Printed:
    """What the Deployments become."""
    text = convert(Sources(deployments, **sources)).text
    lines = [line.strip() for line in text.splitlines()]
    comments = " ".join(line[2:] for line in lines if line.startswith("# "))
    return Printed(yaml.safe_load(text)["spec"], comments)
