"""``kubectl celery status|restart|pause|resume``: a kubectl plugin. docs/kubectl.md tells how to use it."""

import json
from datetime import UTC, datetime
from typing import Any, NoReturn

import click

from celery_health.cli.commands.options import HealthCommand, HealthGroup, with_options
from celery_health.cli.exit_codes import ExitCode
from celery_kubectl.kubectl import Kubectl
from celery_kubectl.resource import PAUSE, Resource, annotate, read, read_all

_CLUSTER = (
    click.option("-n", "--namespace", metavar="NAME", help="The namespace; the context's, if not given."),
    click.option("--context", metavar="NAME", help="The context of the kubeconfig."),
    click.option("--kubeconfig", metavar="FILE", help="The kubeconfig."),
)


@click.group(cls=HealthGroup)
@with_options(_CLUSTER)
@click.pass_context
def plugin(ctx: click.Context, /, **options: str | None) -> None:
    """See how Celery does on this cluster, and restart it, or keep it from being restarted.

    KUBECTL names the kubectl to use, if not the one on PATH.
    """
    # `kubectl celery -n shop status` means what `kubectl celery status -n shop` does.
    given = {name: value for name, value in options.items() if value is not None}
    ctx.default_map = dict.fromkeys(plugin.commands, given)


@plugin.command(cls=HealthCommand)
@click.argument("name", required=False)
@with_options(_CLUSTER)
@click.option("-A", "--all-namespaces", is_flag=True, help="Look in all namespaces.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json", "yaml"]),
    default="table",
    show_default=True,
    help="How it is told.",
)
@click.pass_context
def status(ctx: click.Context, /, name: str | None, all_namespaces: bool, output: str, **where: Any) -> None:
    """Show health, conditions, worker groups, queues, restarts and what to do.

    Exit codes: 0 healthy, 1 degraded, 2 unhealthy or unknown (of several the worst), 3 nothing could be seen.
    """
    if name and all_namespaces:
        raise _wrong("NAME and -A do not go together: write -n NAMESPACE.")
    kubectl = _kubectl(**where)
    if name:
        found: tuple[Resource, ...] = (read(kubectl, name),)
    else:
        found = read_all(kubectl, everywhere=all_namespaces)
    if output == "table":
        _show(found, kubectl, one=name is not None, everywhere=all_namespaces)
    else:
        _print(found[0].document if name else {"items": [one.document for one in found]}, output)
    ctx.exit(max((one.exit_code for one in found), default=ExitCode.HEALTHY))


@plugin.command(cls=HealthCommand)
@click.argument("name")
@with_options(_CLUSTER)
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A worker group; may be given again.")
@click.option("--wait", is_flag=True, help="Wait until every pod is a new one.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=600.0,
    show_default=True,
    help="Seconds for --wait.",
)
@click.pass_context
def restart(
    ctx: click.Context, /, name: str, groups: tuple[str, ...], wait: bool, timeout: float, **where: Any
) -> None:
    """Replace the pods of all groups and of beat, or of the groups named: a rollout, new pods first.

    Exit codes: 0 done (without --wait: ordered), 2 not done in time, 3 called wrongly or refused.
    """
    from celery_kubectl import restart as rollout  # noqa: PLC0415

    kubectl = _kubectl(**where)
    marks = rollout.restart(kubectl, name, groups)
    what = f"group {', '.join(groups)}" if groups else "all groups and beat"
    click.echo(f"{name}: restart of {what} ordered.")
    if not wait:
        return
    try:
        done = rollout.wait(kubectl, name, marks, timeout, click.echo)
    except KeyboardInterrupt:
        click.echo("The rollout goes on: kubectl celery status shows it.", err=True)
        ctx.exit(ExitCode.INTERRUPTED)
    if not done:
        click.echo(f"Not done after {timeout:g} s; the rollout goes on.", err=True)
        ctx.exit(ExitCode.UNHEALTHY)


@plugin.command(cls=HealthCommand)
@click.argument("name")
@with_options(_CLUSTER)
def pause(name: str, **where: Any) -> None:
    """Keep everything of NAME from being restarted, to look into an ill worker."""
    kubectl = _kubectl(**where)
    annotate(kubectl, read(kubectl, name), f"{PAUSE}=true")
    click.echo(f"{name}: healing is paused; nothing is restarted until `kubectl celery resume {name}`.")


@plugin.command(cls=HealthCommand)
@click.argument("name")
@with_options(_CLUSTER)
def resume(name: str, **where: Any) -> None:
    """Let NAME heal again after a pause."""
    kubectl = _kubectl(**where)
    resource = read(kubectl, name)
    annotate(kubectl, resource, f"{PAUSE}-")
    click.echo(f"{name}: healing goes on." if resource.paused else f"{name}: healing was not paused.")


def main() -> NoReturn:
    """The program ``kubectl-celery``, which kubectl runs for ``kubectl celery``."""
    plugin(prog_name="kubectl celery")
    raise AssertionError("click ends the program")


def _kubectl(namespace: str | None, context: str | None, kubeconfig: str | None) -> Kubectl:
    given = {"namespace": namespace, "context": context, "kubeconfig": kubeconfig}
    return Kubectl.find(tuple(f"--{name}={value}" for name, value in given.items() if value))


def _show(found: tuple[Resource, ...], kubectl: Kubectl, *, one: bool, everywhere: bool) -> None:
    from celery_kubectl import tables  # noqa: PLC0415

    if not found:
        place = (
            "this cluster" if everywhere else f"the namespace {kubectl.namespace}: write -n NAMESPACE, or -A"
        )
        click.echo(f"There is no CeleryDeployment in {place}.", err=True)
    elif one:
        tables.show(tables.details(found[0], datetime.now(UTC)))
    else:
        tables.show(tables.overview(found, everywhere=everywhere))


def _print(document: Any, output: str) -> None:
    if output == "json":
        click.echo(json.dumps(document, indent=2))
        return
    import yaml  # noqa: PLC0415

    click.echo(yaml.safe_dump(document, sort_keys=False), nl=False)


def _wrong(message: str) -> click.UsageError:
    error = click.UsageError(message)
    error.exit_code = ExitCode.USAGE  # type: ignore[misc]
    return error
