"""Runs the ``kubectl`` program, which knows every way to log in to a cluster, and explains its errors."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from celery_health.exit_codes import ExitCode

Object = dict[str, Any]

GROUP = "celery-operator.dev"
RESOURCE = f"celerydeployments.{GROUP}"
REQUEST_SECONDS = 15
# Includes the time for the kubeconfig and a login plugin, before the request.
PROGRAM_SECONDS = 60

# Lines that client-go logs before the error: "E1121 11:30:00.000000   123 memcache.go:265] ..."
_LOG_LINE = re.compile(r"[EWI]\d{4} ")
_NO_ANSWER = (
    "unable to connect to the server",
    "was refused - did you specify",
    "i/o timeout",
    "no such host",
    "context deadline exceeded",
    "timeout exceeded",
    "tls handshake timeout",
)


class KubectlError(click.ClickException):
    """kubectl failed. The message is one line that says why and what to do."""

    exit_code = ExitCode.USAGE


class NotFoundError(KubectlError):
    """There is no object of this name."""


class NoResourceTypeError(KubectlError):
    """The cluster has no such type of resource."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """The program. ``options`` precede each command: the namespace, the context, the kubeconfig."""

    program: str
    options: tuple[str, ...] = ()

    @classmethod
    def find(cls, options: tuple[str, ...] = (), environment: Mapping[str, str] = os.environ) -> "Kubectl":
        """The program that KUBECTL names, or else the one on PATH.

        Raises:
            KubectlError: there is no such program.
        """
        name = environment.get("KUBECTL") or "kubectl"
        program = shutil.which(name, path=environment.get("PATH"))
        if program is None:
            raise KubectlError(f"There is no program {name!r}: install kubectl, or set KUBECTL to its path.")
        return cls(program, options)

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Run a command and return what it prints. ``stdin``: its input; without it, that of this program.

        Raises:
            NotFoundError: the object does not exist.
            KubectlError: any other error.
        """
        command = [self.program, *self.options, f"--request-timeout={REQUEST_SECONDS}s", *arguments]
        try:
            done = subprocess.run(  # noqa: S603 (no shell is involved)
                command,
                input=stdin,
                capture_output=True,
                text=True,
                timeout=PROGRAM_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise KubectlError(
                f"kubectl did not end within {PROGRAM_SECONDS} s: check whether `kubectl get nodes` works."
            ) from None
        except OSError as error:
            raise KubectlError(f"{self.program} cannot be run: {error.strerror}.") from error
        if done.returncode != 0:
            raise explained(done.stderr)
        return done.stdout

    def json(self, *arguments: str) -> Object:
        """Run a command with ``-o json`` and return the object that it prints."""
        found: Object = json.loads(self.run(*arguments, "-o", "json"))
        return found

    @property
    def namespace(self) -> str:
        """The namespace of the commands."""
        for option in self.options:
            if option.startswith("--namespace="):
                return option.partition("=")[2]
        try:
            return self.run("config", "view", "--minify", "-o", "jsonpath={..namespace}").strip() or "default"
        except KubectlError:  # in a pod there is no kubeconfig
            return "default"


def explained(stderr: str) -> KubectlError:
    """The error for what kubectl printed, with what to do about it."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip() and not _LOG_LINE.match(line)]
    last = lines[-1] if lines else "kubectl failed without a message"
    text = last.removeprefix("error: ").rstrip(".")
    if (
        text.startswith("command terminated") and len(lines) > 1
    ):  # of `exec`: the program's own words are before
        text = f"{lines[-2].rstrip('.')} ({text})"
    lowered = text.lower()
    if "the server doesn't have a resource type" in lowered:
        return _no_resource_type(text)
    if "(notfound)" in lowered:
        return NotFoundError(text)
    if "(forbidden)" in lowered:
        text = text.removeprefix("Error from server (Forbidden): ")
        return KubectlError(f"You do not have the permission: {text}. Ask for a role that allows it.")
    if "unauthorized" in lowered or "must be logged in" in lowered:
        return KubectlError(f"The cluster does not accept your credentials: {text}. Log in again.")
    if any(words in lowered for words in _NO_ANSWER):
        return KubectlError(f"The cluster does not answer: {text}.")
    return KubectlError(f"kubectl: {text}.")


def _no_resource_type(text: str) -> KubectlError:
    if "celerydeployments" not in text:
        return NoResourceTypeError(f"kubectl: {text}.")
    return NoResourceTypeError(
        "This cluster has no resource type CeleryDeployment: install the operator with its Helm chart, or "
        "use --context for another cluster."
    )
