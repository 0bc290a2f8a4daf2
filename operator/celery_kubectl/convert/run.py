"""Reads, converts and prints."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from celery_health.verdicts.text import counted
from celery_kubectl.convert.conversion import convert as converted
from celery_kubectl.convert.sources import from_cluster, from_files, targets_of
from celery_kubectl.kubectl import Kubectl


def convert(
    names: Sequence[str], scaled: Sequence[str], files: Sequence[str], kubectl: Callable[[], Kubectl]
) -> None:
    """Print the manifests to stdout, and what a person should know to stderr.

    Raises:
        click.ClickException: nothing was converted.
    """
    targets = targets_of(names)
    if files:
        sources = from_files([sys.stdin if file == "-" else Path(file) for file in files], targets, scaled)
    else:
        sources = from_cluster(kubectl(), targets, scaled)
    result = converted(sources)
    click.echo(result.text, nl=False)
    for left_out in result.left_out:
        click.echo(f"Left out: {left_out}.", err=True)
    if result.decisions:
        click.echo(f"{counted(result.decisions, 'TODO')} to decide: see the comments.", err=True)
