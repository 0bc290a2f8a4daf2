"""The command ``kubectl celery inject``."""

import sys
from pathlib import Path
from typing import TextIO

import click

from celery_health.cli.usage import Command


@click.command("inject", cls=Command, short_help="Add agent, sidecar and probes to manifests.")
@click.option("-f", "--filename", required=True, metavar="FILE", help="The manifests; - is standard input.")
@click.option(
    "--probe-image",
    required=True,
    metavar="IMAGE",
    help="The image of agent and sidecar, which the chart has as probeImage.",
)
@click.option(
    "--container",
    "containers",
    multiple=True,
    metavar="[OBJECT/]NAME",
    help="The container of a worker that a script or the image starts. Can be given more than once.",
)
@click.option(
    "--broker-url-env",
    default="",
    metavar="NAME",
    help="The variable of the container that has the broker's URL.  [default: found by its name]",
)
@click.option(
    "--user-ids",
    type=click.Choice(["fixed", "assigned"]),
    default="fixed",
    show_default=True,
    help="Run agent and sidecar as user 1000, or as the cluster assigns users (OpenShift).",
)
def command(
    filename: str, probe_image: str, containers: tuple[str, ...], broker_url_env: str, user_ids: str
) -> None:
    """Print manifests with agent, sidecar and probes added to each container that runs a Celery worker.

    Everything else is printed as it is. What was done, and what was left alone, is on stderr.

    \b
    Exit codes:
      0  done
      3  wrong options, or no container runs a worker
    """
    from celery_kubectl.inject.documents import Choice, inject  # noqa: PLC0415
    from celery_kubectl.manifest_text import manifest_text  # noqa: PLC0415
    from celery_kubectl.manifests import read_manifests  # noqa: PLC0415
    from celery_probe.pod import ProbeImage  # noqa: PLC0415

    source: Path | TextIO = sys.stdin if filename == "-" else Path(filename)
    image = ProbeImage(probe_image, fixed_user_id=user_ids == "fixed")
    result = inject(read_manifests(source), Choice(image, containers, broker_url_env))
    for line in (*result.injected, *result.notes):
        click.echo(line, err=True)
    click.echo(manifest_text(result.documents), nl=False)
