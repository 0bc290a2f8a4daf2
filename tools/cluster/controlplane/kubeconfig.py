"""Kubeconfig files, written as JSON, which is YAML too."""

import base64
import json
from pathlib import Path

from tools.cluster.controlplane.pki import KeyPair


def write_kubeconfig(path: Path, *, server: str, authority: Path, client: KeyPair, name: str) -> None:
    """Write a kubeconfig with everything inside, readable by its owner only; `name` names the context."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": server, "certificate-authority-data": _encoded(authority)}}
        ],
        "users": [
            {
                "name": name,
                "user": {
                    "client-certificate-data": _encoded(client.certificate),
                    "client-key-data": _encoded(client.key),
                },
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    new = path.with_name(path.name + ".new")
    new.touch(mode=0o600)
    new.write_text(json.dumps(content, indent=1) + "\n")
    new.replace(path)


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
