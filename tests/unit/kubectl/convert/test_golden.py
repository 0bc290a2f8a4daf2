"""Manifests in, a CeleryDeployment out: what is printed, whole."""

from pathlib import Path

import pytest
import yaml

from celery_operator.api.spec import CeleryDeploymentSpec
from tests.unit.kubectl.convert.golden import CASES, name_of, output, printed


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_deployments_become_the_resource_beside_them(case: Path) -> None:
    assert printed(case) == output(case).read_text()


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_spec_is_read_by_the_operators_models_without_a_rest(case: Path) -> None:
    for document in yaml.safe_load_all(printed(case)):
        spec = CeleryDeploymentSpec.model_validate(document["spec"])
        written = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
        assert written == document["spec"]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_nothing_that_is_printed_can_start_a_second_beat(case: Path) -> None:
    for document in yaml.safe_load_all(printed(case)):
        assert document["spec"].get("beat", {}).get("enabled", False) is False


def test_no_value_of_a_secret_is_printed() -> None:
    case = next(case for case in CASES if name_of(case) == "django-in-a-shell")
    assert "never-shown" in case.read_text()
    assert "never-shown" not in printed(case)
