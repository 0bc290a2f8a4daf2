"""The ``kubectl`` program: it knows every way to log in to a cluster, so we ask through it."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from celery_health.cli.exit_codes import ExitCode

Object = dict[str, Any]

GROUP = "celery-operator.dev"
RESOURCE = f"celerydeployments.{GROUP}"
REQUEST_SECONDS = 15
# Reading the kubeconfig and a login plugin take their time before the request.
PROGRAM_SECONDS = 60

# What client-go logs before the error itself: "E1121 11:30:00.000000   123 memcache.go:265] ..."
_LOGGED = re.compile(r"[EWI]\d{4} ")
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
    """The cluster could not be asked, or refused; the message is one line that says what to do."""

    exit_code = ExitCode.USAGE


class NotFoundError(KubectlError):
    """There is no object of that name."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """``options`` go before each command: the namespace, the context, the kubeconfig."""

    program: str
    options: tuple[str, ...] = ()

    @classmethod
    def find(cls, options: tuple[str, ...] = (), environment: Mapping[str, str] = os.environ) -> "Kubectl":
        """The program that KUBECTL names, else the one on PATH.

        Raises:
            KubectlError: there is none.
        """
        wanted = environment.get("KUBECTL") or "kubectl"
        program = shutil.which(wanted, path=environment.get("PATH"))
        if program is None:
            raise KubectlError(
                f"There is no program {wanted!r}: install kubectl, or set KUBECTL to where it is."
            )
        return cls(program, options)

    def run(self, *arguments: str) -> str:
        """What the command printed.

        Raises:
            NotFoundError: the object is not there.
            KubectlError: anything else.
        """
        command = [self.program, *self.options, f"--request-timeout={REQUEST_SECONDS}s", *arguments]
        try:
            done = subprocess.run(  # noqa: S603 (a list of words: no shell reads them)
                command, capture_output=True, text=True, timeout=PROGRAM_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise KubectlError(
                f"kubectl did not answer within {PROGRAM_SECONDS} s: see whether `kubectl get nodes` does."
            ) from None
        except OSError as error:
            raise KubectlError(f"{self.program} cannot be run: {error.strerror}.") from error
        if done.returncode != 0:
            raise explained(done.stderr)
        return done.stdout

    def json(self, *arguments: str) -> Object:
        """The object that ``kubectl ... -o json`` printed."""
        found: Object = json.loads(self.run(*arguments, "-o", "json"))
        return found

    @property
    def namespace(self) -> str:
        """The namespace that commands are about."""
        for option in self.options:
            if option.startswith("--namespace="):
                return option.partition("=")[2]
        try:
            return self.run("config", "view", "--minify", "-o", "jsonpath={..namespace}").strip() or "default"
        except KubectlError:  # inside a pod there is no such file
            return "default"


def explained(stderr: str) -> KubectlError:
    """What kubectl said, with what to do about it."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip() and not _LOGGED.match(line)]
    said = (lines[-1] if lines else "kubectl failed without a word").removeprefix("error: ").rstrip(".")
    lowered = said.lower()
    if "the server doesn't have a resource type" in lowered:
        return KubectlError(
            "This cluster knows no CeleryDeployments: install the operator with its Helm chart, or choose "
            "another cluster with --context."
        )
    if "(notfound)" in lowered:
        return NotFoundError(said)
    if "(forbidden)" in lowered:
        said = said.removeprefix("Error from server (Forbidden): ")
        return KubectlError(f"You may not do this: {said}. Ask for a role that allows it.")
    if "unauthorized" in lowered or "must be logged in" in lowered:
        return KubectlError(f"The cluster does not know you: {said}. Log in again.")
    if any(words in lowered for words in _NO_ANSWER):
        return KubectlError(f"The cluster does not answer: {said}.")
    return KubectlError(f"kubectl: {said}.")
