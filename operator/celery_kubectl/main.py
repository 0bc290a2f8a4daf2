"""The commands of ``kubectl celery``. docs/reference/kubectl.md describes them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

import click

from celery_health.cli.commands.dead_letter import DEAD_LETTER_HELP, Opened, add_dead_letter_commands
from celery_health.cli.usage import Command, Group, UsageError, with_options
from celery_health.exit_codes import ExitCode
from celery_health.verdicts.text import listed
from celery_kubectl.inject.command import command as inject
from celery_kubectl.kubectl import Kubectl
from celery_kubectl.resource import Resource, annotate, pauses_of, read, read_all

_CLUSTER = (
    click.option("-n", "--namespace", metavar="NAME", help="The namespace.  [default: the context's]"),
    click.option("--context", metavar="NAME", help="The context of the kubeconfig."),
    click.option("--kubeconfig", metavar="FILE", help="The kubeconfig file."),
)

_GROUPS = (
    click.option(
        "--group",
        "groups",
        multiple=True,
        metavar="NAME",
        help="A worker group. Can be given more than once.",
    ),
)


@click.group(cls=Group)
@with_options(_CLUSTER)
@click.pass_context
def plugin(ctx: click.Context, /, **options: str | None) -> None:
    """Show the health of Celery on this cluster, restart workers, handle dead letters, convert Deployments.

    The plugin runs kubectl: the one that the variable KUBECTL names, or else the one on PATH.
    """
    # `kubectl celery -n shop status` means the same as `kubectl celery status -n shop`.
    given = {name: value for name, value in options.items() if value is not None}
    ctx.default_map = dict.fromkeys(plugin.commands, given)


@plugin.command(cls=Command, short_help="Show one or all CeleryDeployments.")
@click.argument("name", required=False)
@with_options(_CLUSTER)
@click.option("-A", "--all-namespaces", is_flag=True, help="List the resources of all namespaces.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json", "yaml"]),
    default="table",
    show_default=True,
    help="Output format.",
)
@click.pass_context
def status(
    ctx: click.Context, /, name: str | None, all_namespaces: bool, output: str, **cluster: Any
) -> None:
    """Show the CeleryDeployment NAME, or list all of the namespace.

    \b
    Exit codes (of several resources, the worst):
      0  healthy
      1  degraded, or unknown while at least one worker is consuming
      2  unhealthy, or unknown
      3  wrong options, or the resource cannot be read
    """
    if name and all_namespaces:
        raise UsageError("NAME and -A exclude each other: use -n NAMESPACE.")
    kubectl = _kubectl(**cluster)
    if name:
        found: tuple[Resource, ...] = (read(kubectl, name),)
    else:
        found = read_all(kubectl, all_namespaces=all_namespaces)
    if output == "table":
        _print_tables(found, kubectl, one=name is not None, all_namespaces=all_namespaces)
    else:
        _print_document(found[0].document if name else {"items": [one.document for one in found]}, output)
    ctx.exit(max((one.exit_code for one in found), default=ExitCode.HEALTHY))


@plugin.command(cls=Command, short_help="Replace the pods in a rollout.")
@click.argument("name")
@with_options(_CLUSTER)
@with_options(_GROUPS)
@click.option("--wait", is_flag=True, help="Wait until all pods are new.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=600.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait.",
)
@click.pass_context
def restart(
    ctx: click.Context, /, name: str, groups: tuple[str, ...], wait: bool, timeout: float, **cluster: Any
) -> None:
    """Replace the pods of CeleryDeployment NAME in a rollout: all groups and beat, or only the given groups.

    \b
    Exit codes:
      0  done; without --wait: requested
      2  not done in time
      3  wrong options, or refused
    """
    from celery_kubectl import restart as rollout  # noqa: PLC0415

    kubectl = _kubectl(**cluster)
    annotations = rollout.restart(kubectl, name, groups)
    click.echo(f"{name}: requested a restart{_of(groups) or ' of all groups and beat'}.")
    if not wait:
        return
    try:
        done = rollout.wait(kubectl, name, annotations, timeout, click.echo)
    except KeyboardInterrupt:
        command = f"kubectl celery status {name} -n {kubectl.namespace}"
        click.echo(f"The rollout continues. To see it: {command}", err=True)
        ctx.exit(ExitCode.INTERRUPTED)
    if not done:
        click.echo(f"Not done after {timeout:g} s. The rollout continues.", err=True)
        ctx.exit(ExitCode.UNHEALTHY)


@plugin.command(cls=Command, short_help="Pause healing.")
@click.argument("name")
@with_options(_CLUSTER)
@with_options(_GROUPS)
def pause(name: str, groups: tuple[str, ...], **cluster: Any) -> None:
    """Pause healing of CeleryDeployment NAME, or of some groups, for example to examine a worker."""
    kubectl = _kubectl(**cluster)
    resource = read(kubectl, name)
    annotate(kubectl, resource, *(f"{pause}=true" for pause in pauses_of(resource, groups)))
    options = "".join(f" --group {group}" for group in groups)
    command = f"kubectl celery resume {name}{options} -n {resource.namespace}"
    click.echo(f"{name}: healing{_of(groups)} is paused. To resume: {command}")


@plugin.command(cls=Command, short_help="Resume healing.")
@click.argument("name")
@with_options(_CLUSTER)
@with_options(_GROUPS)
def resume(name: str, groups: tuple[str, ...], **cluster: Any) -> None:
    """Resume healing of CeleryDeployment NAME, or of groups that are paused by themselves."""
    kubectl = _kubectl(**cluster)
    resource = read(kubectl, name)
    annotate(kubectl, resource, *(f"{pause}-" for pause in pauses_of(resource, groups)))
    was_paused = {*groups} & {*resource.paused_groups} if groups else resource.paused
    click.echo(f"{name}: healing{_of(groups)} {'is resumed' if was_paused else 'was not paused'}.")
    if groups and resource.paused:
        command = f"kubectl celery resume {name} -n {resource.namespace}"
        click.echo(f"Healing of the whole resource is still paused: {command}", err=True)


@plugin.command("convert", cls=Command, short_help="Print the CeleryDeployment for Deployments.")
@click.argument("names", metavar="[deployment/NAME]...", nargs=-1)
@with_options(_CLUSTER)
@click.option("--scaledobject", "scaled", multiple=True, metavar="NAME", help="A ScaledObject of KEDA.")
@click.option("-f", "--filename", "files", multiple=True, metavar="FILE", help="Manifests; - for stdin.")
def convert_deployments(
    names: tuple[str, ...], scaled: tuple[str, ...], files: tuple[str, ...], **cluster: Any
) -> None:
    """Print the CeleryDeployment that replaces Deployments of workers, beat and Flower. It changes nothing.

    The Deployments are read from the cluster, or from manifests. Of manifests, all that run Celery are
    converted, or those that are named. A comment with TODO stands at each thing that needs a decision.

    \b
    Exit codes:
      0  printed
      3  wrong options, or there is no Celery to convert
    """
    from celery_kubectl.convert.run import convert  # noqa: PLC0415

    if not names and not files:
        raise UsageError("Name what to convert: deployment/NAME, or -f FILE with manifests.")
    convert(names, scaled, files, lambda: _kubectl(**cluster))


@plugin.group("dead-letter", cls=Group, help=DEAD_LETTER_HELP)
@click.argument("name", metavar="RESOURCE")
@with_options(_CLUSTER)
@click.pass_context
def dead_letter(ctx: click.Context, /, name: str, **cluster: str | None) -> None:
    """Remember the resource and the cluster for the subcommand."""
    ctx.obj = name
    given = {option: value for option, value in cluster.items() if value is not None}
    ctx.default_map = dict.fromkeys(dead_letter.commands, given)


def _open_dead_letters(ctx: click.Context, cluster: dict[str, Any]) -> Opened:
    from celery_kubectl.dead_letters import opened  # noqa: PLC0415

    refs = (ctx.params["refs"] or ("",)) if ctx.info_name == "replay" else ()
    return opened(_kubectl(**cluster), ctx.obj, [ref.partition("#")[0] for ref in refs])


add_dead_letter_commands(dead_letter, _open_dead_letters, _CLUSTER)
plugin.add_command(inject)


def main() -> NoReturn:
    """The program ``kubectl-celery``, which kubectl runs for ``kubectl celery``."""
    plugin(prog_name="kubectl celery")
    raise AssertionError("click ends the program")


def _of(groups: Sequence[str]) -> str:
    """`` of group mail``; empty for no group."""
    return f" of {'group' if len(groups) == 1 else 'groups'} {listed(groups)}" if groups else ""


def _kubectl(namespace: str | None, context: str | None, kubeconfig: str | None) -> Kubectl:
    given = {"namespace": namespace, "context": context, "kubeconfig": kubeconfig}
    return Kubectl.find(tuple(f"--{name}={value}" for name, value in given.items() if value))


def _print_tables(found: tuple[Resource, ...], kubectl: Kubectl, *, one: bool, all_namespaces: bool) -> None:
    from celery_health.cli.output.terminal import show  # noqa: PLC0415
    from celery_kubectl import tables  # noqa: PLC0415

    if not found:
        place = (
            "on this cluster."
            if all_namespaces
            else f"in namespace {kubectl.namespace}: use -n NAMESPACE, or -A for all namespaces."
        )
        click.echo(f"There is no CeleryDeployment {place}", err=True)
    elif one:
        show(tables.details(found[0], datetime.now(UTC)))
    else:
        show(tables.overview(found, all_namespaces=all_namespaces))


def _print_document(document: Any, output: str) -> None:
    if output == "json":
        click.echo(json.dumps(document, indent=2))
        return
    import yaml  # noqa: PLC0415

    click.echo(yaml.safe_dump(document, sort_keys=False), nl=False)
