"""YAML in, YAML out: what a resource becomes, whole."""

from pathlib import Path

import pytest
import yaml

from tests.unit.resources.golden import CASES, built, output


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removesuffix(".in.yaml"))
def test_a_resource_becomes_the_owned_objects_beside_it(case: Path) -> None:
    assert built(case) == list(yaml.safe_load_all(output(case).read_text()))
