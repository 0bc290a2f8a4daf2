"""A real API server refuses every manifest below invalid/, and its message says what to write instead."""

from pathlib import Path

import pytest
import yaml

from tests.integration.api.apiserver import ApiServer

INVALID = Path(__file__).parent / "invalid"
MANIFESTS = sorted(INVALID.rglob("*.yaml"))
REFUSED = "# refused: "


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: str(path.relative_to(INVALID).with_suffix("")))
def test_an_invalid_manifest_is_refused_with_what_to_write(
    path: Path, api: ApiServer, resources: str
) -> None:
    text = path.read_text()
    first, _, _ = text.partition("\n")
    assert first.startswith(REFUSED)
    query = "dryRun=All&fieldValidation=Strict"
    answer = api.request("POST", f"{resources}?{query}", yaml.safe_load(text))
    assert answer.status in {400, 422}, answer.body
    assert first.removeprefix(REFUSED) in answer.message


def test_a_refused_broker_url_is_not_repeated_in_the_message(api: ApiServer, resources: str) -> None:
    manifest = {
        "apiVersion": "celery-operator.dev/v1alpha1",
        "kind": "CeleryDeployment",
        "metadata": {"name": "shop"},
        "spec": {
            "app": "shop.celery",
            "image": "shop",
            "broker": {"url": "user:hunter2@redis:6379"},
            "workers": [{"name": "default"}],
        },
    }
    answer = api.request("POST", f"{resources}?dryRun=All", manifest)
    assert "write the broker URL with its scheme" in answer.message
    assert "hunter2" not in answer.message
