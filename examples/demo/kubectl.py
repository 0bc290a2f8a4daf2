"""kubectl as the demo runs it, and shows it: every command that it prints can be typed as it stands."""

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

from examples.demo.screen import DemoError, say

Json = dict[str, Any]

NAMESPACE = "shop"
TIMEOUT_SECONDS = 60


class KubectlError(DemoError):
    """kubectl failed; the message has its command and its words."""


class Kubectl:
    """kubectl against one cluster, in the demo's namespace."""

    def __init__(self, program: str, kubeconfig: Path) -> None:
        self.program = program
        self.kubeconfig = kubeconfig

    @classmethod
    def find(cls, checkout: Path) -> "Kubectl":
        """KUBECTL and KUBECONFIG from the environment, else kubectl on PATH and the local cluster's file."""
        program = shutil.which(os.environ.get("KUBECTL", "kubectl"))
        if program is None:
            raise DemoError("kubectl is not on PATH: install it, or set KUBECTL to where it is.")
        kubeconfig = Path(os.environ.get("KUBECONFIG") or checkout / ".cluster" / "kubeconfig")
        if not kubeconfig.is_file():
            raise DemoError(f"There is no {kubeconfig}: `make demo` starts a cluster, or set KUBECONFIG.")
        return cls(program, kubeconfig.absolute())

    def run(self, *arguments: str, stdin: str | None = None, timeout: float = TIMEOUT_SECONDS) -> str:
        """What kubectl printed; raises KubectlError when it failed or took too long."""
        shown = f"kubectl {shlex.join(arguments)}"
        try:
            done = subprocess.run(
                self.command(*arguments),
                input=stdin,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise KubectlError(f"`{shown}` did not end within {timeout:.0f} s.") from None
        if done.returncode != 0:
            raise KubectlError(f"`{shown}` said: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def command(self, *arguments: str) -> list[str]:
        """The words to run."""
        return [self.program, f"--kubeconfig={self.kubeconfig}", *arguments]

    def show(self, *arguments: str) -> str:
        """Run a command and print it with its output, as in a terminal."""
        say(f"   $ kubectl {shlex.join(arguments)}")
        printed = self.run(*arguments)
        for line in printed.rstrip().splitlines():
            say(f"     {line}")
        return printed

    def json(self, *arguments: str) -> Json:
        """The object that kubectl printed."""
        parsed: Json = json.loads(self.run(*arguments, "-o", "json"))
        return parsed
