"""The command line: `python3 -m tools.cluster COMMAND`."""

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from tools.cluster import devenv
from tools.cluster.binaries import toolchain
from tools.cluster.current import CurrentCluster
from tools.cluster.deploy import deploy
from tools.cluster.errors import ClusterError
from tools.cluster.images.product import Image, example_with_celery, flower, product_images
from tools.cluster.lanes import lanes
from tools.cluster.layout import Layout, this_checkout
from tools.cluster.local import LocalCluster
from tools.cluster.machine import packages
from tools.cluster.machine.child import run_child
from tools.cluster.progress import say, step

Cluster = LocalCluster | CurrentCluster
INTERRUPTED = 130
"""What a shell reports for a program that Ctrl-C ended."""
TOOLS = ("kubectl", "helm")
"""What a program that uses the cluster needs beside its kubeconfig."""


def main(words: list[str] | None = None) -> int:
    """Run one command; 1 with one message when it cannot be done."""
    asked = _parser().parse_args(words)
    action: Callable[[argparse.Namespace], int] = asked.action
    try:
        return action(asked)
    except ClusterError as problem:
        say(f"error: {problem}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; what is finished is kept, and the same command goes on from there")
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m tools.cluster", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(
        name: str, action: Callable[[argparse.Namespace], int], meaning: str
    ) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=meaning)
        one.set_defaults(action=action)
        return one

    command("up", up, "start the cluster, or what of it does not run")
    command("down", down, "stop the cluster and leave nothing of it")
    command("status", status, "say which processes run")
    command("env", env, "print what to evaluate in a shell")
    images = command("images", bring_images, "build the images and load them")
    command("load", load, "load an image archive").add_argument("archive", type=Path)
    command("restart", restart, "kill one process and start it again").add_argument("process")
    command("deploy", deploy_operator, "install the operator with Helm")
    build = command("build", build_binaries, "build programs into the cache")
    build.add_argument("names", nargs="+")
    build.add_argument("--servers", action="store_true", help="also install the brokers that tests start")
    command("venv", venv, "make .venv from uv.lock")
    within = command("run", run_within, "run a command with the operator deployed, after `--`")
    within.add_argument("--skippable", metavar="WHAT", help="say that WHAT did not run where no node can be")
    for one in (images, within):
        one.add_argument("--example-celery", action="append", default=[], metavar="VERSION")
        one.add_argument("--broker", action="append", default=[], choices=["rabbitmq"])
    within.add_argument("--leave-as-found", action="store_true", help="stop the cluster unless it ran before")
    within.add_argument("words", nargs="+", metavar="WORD")
    return parser


def chosen_cluster(layout: Layout) -> Cluster:
    """The local cluster, or with `CLUSTER=current` the one of the current context."""
    choice = os.environ.get("CLUSTER") or "local"
    if choice not in ("local", "current"):
        raise ClusterError(f"CLUSTER={choice} is unknown; write CLUSTER=local or CLUSTER=current")
    return CurrentCluster(layout) if choice == "current" else LocalCluster(layout)


def environment(cluster: Cluster) -> dict[str, str]:
    """What a program needs to reach the cluster with the tools that match it."""
    tools = toolchain.ensure(*TOOLS)
    return {
        "KUBECONFIG": str(cluster.kubeconfig),
        "KUBECTL": str(tools["kubectl"]),
        "HELM": str(tools["helm"]),
    }


def up(_asked: argparse.Namespace) -> int:
    cluster = chosen_cluster(this_checkout())
    with step("cluster"):
        cluster.up()
    print(f"export KUBECONFIG={cluster.kubeconfig}")
    if shutil.which("kubectl") is None:
        print(f"export PATH={toolchain.ensure('kubectl')['kubectl'].parent}:$PATH")
    return 0


def down(_asked: argparse.Namespace) -> int:
    chosen_cluster(this_checkout()).down()
    return 0


def status(_asked: argparse.Namespace) -> int:
    processes = chosen_cluster(this_checkout()).status()
    for name, runs in processes.items():
        print(f"{name:26}{'running' if runs else 'ended'}")
    return 0 if processes and all(processes.values()) else 1


def env(_asked: argparse.Namespace) -> int:
    for name, value in environment(chosen_cluster(this_checkout())).items():
        print(f"export {name}={value}")
    return 0


def bring_images(asked: argparse.Namespace) -> int:
    chosen_cluster(this_checkout()).up(_images(asked), _brokers(asked))
    return 0


def load(asked: argparse.Namespace) -> int:
    cluster = chosen_cluster(this_checkout())
    cluster.up()
    cluster.load_archive(asked.archive)
    return 0


def restart(asked: argparse.Namespace) -> int:
    cluster = chosen_cluster(this_checkout())
    if isinstance(cluster, CurrentCluster):
        raise ClusterError("CLUSTER=current has no processes of ours to restart")
    cluster.restart(asked.process)
    cluster.up()
    return 0


def deploy_operator(_asked: argparse.Namespace) -> int:
    _deployed(chosen_cluster(this_checkout()), product_images(), ["redis"])
    return 0


def build_binaries(asked: argparse.Namespace) -> int:
    with lanes() as beside:
        installed = beside.start(lambda: packages.ensure(packages.TEST_SERVERS if asked.servers else {}))
        beside.join(beside.start(lambda: toolchain.ensure(*asked.names)))
        beside.join(installed)
    return 0


def venv(_asked: argparse.Namespace) -> int:
    devenv.sync(this_checkout().checkout)
    return 0


def run_within(asked: argparse.Namespace) -> int:
    cluster = chosen_cluster(this_checkout())
    if asked.skippable and isinstance(cluster, LocalCluster) and os.geteuid() != 0:
        say(f"not run: {asked.skippable}, which needs root (`sudo -E make ...`) or `CLUSTER=current`")
        return 1 if os.environ.get("CI") == "true" else 0
    ours_to_stop = isinstance(cluster, LocalCluster) and not any(cluster.status().values())
    try:
        _deployed(cluster, _images(asked), _brokers(asked))
        return run_child(asked.words, environment(cluster))
    finally:
        if asked.leave_as_found and ours_to_stop:
            cluster.down()


def _images(asked: argparse.Namespace) -> list[Image]:
    return [*product_images(), flower(), *map(example_with_celery, asked.example_celery)]


def _brokers(asked: argparse.Namespace) -> list[str]:
    return ["redis", *asked.broker]


def _deployed(cluster: Cluster, images: list[Image], brokers: list[str]) -> None:
    cluster.up(images, brokers, programs=TOOLS)
    deploy(cluster.layout.checkout, environment(cluster))


if __name__ == "__main__":
    sys.exit(main())
