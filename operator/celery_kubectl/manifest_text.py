"""Writes manifests as YAML that kubectl reads as it was meant."""

import re
from collections.abc import Iterable
from typing import Any

import yaml

from celery_kubectl.kubectl import Object

# Text that PyYAML leaves without quotes, and that kubectl would read as a number or as a boolean.
_AMBIGUOUS = re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+|0o[0-7_]+|[yYnN]")
# No line is folded: a long command is easier to read, and to compare, in one line.
_WIDTH = 1_000_000


class _Dumper(yaml.SafeDumper):
    """Shares nothing by aliases, and writes text of several lines as it stands."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (the name is PyYAML's)
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else "'" if _AMBIGUOUS.fullmatch(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def manifest_text(documents: Iterable[Object]) -> str:
    """The documents in their order, with their fields in their order."""
    return yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, width=_WIDTH, allow_unicode=True)
