"""The workers of public charts get the agent, and nothing else of the chart changes."""

from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from celery_kubectl.main import plugin
from tests.unit.kubectl.inject.charts import OPTIONS, file_of

SITE = "/celery-probe/site"


def run(chart: str, *options: str, text: str | None = None) -> Result:
    source = "-" if text else str(file_of(chart))
    arguments = ["inject", "-f", source, "--probe-image", "probe:1", *options]
    return CliRunner().invoke(plugin, arguments, input=text)


def injected(chart: str) -> list[dict[str, Any]]:
    outcome = run(chart, *OPTIONS[chart])
    assert outcome.exit_code == 0, outcome.stderr
    return list(yaml.safe_load_all(outcome.stdout))


def worker_of(chart: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The container of the worker, and the sidecar."""
    for document in injected(chart):
        pod = document["spec"].get("template", {}).get("spec", {}) if "spec" in document else {}
        for container in pod.get("containers", ()):
            if "startupProbe" in container:
                return container, next(one for one in pod["initContainers"] if one["name"] == "probe")
    raise AssertionError(chart)


@pytest.mark.parametrize("chart", OPTIONS)
def test_the_documents_are_the_same_but_for_the_one_of_the_worker(chart: str) -> None:
    before, after = list(yaml.safe_load_all(file_of(chart).read_text())), injected(chart)
    assert len(after) == len(before)
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


@pytest.mark.parametrize("chart", OPTIONS)
def test_a_second_time_prints_the_same(chart: str) -> None:
    first = run(chart, *OPTIONS[chart]).stdout
    assert run(chart, *OPTIONS[chart], text=first).stdout == first


@pytest.mark.parametrize(
    ("chart", "broker"),
    [
        ("airflow", [{"valueFrom": {"secretKeyRef": {"name": "airflow-broker", "key": "connection"}}}]),
        ("baserow", [{"value": "$(REDIS_URL)"}]),
        ("paperless", [{"value": "redis://paperless-redis:6379"}]),
        ("saleor", [{"value": "redis://:$(REDIS_PASSWORD)@saleor-redis:6379/1"}]),
        ("sentry", []),
        ("superset", []),
    ],
)
def test_the_sidecar_has_the_broker_of_the_worker(chart: str, broker: list[dict[str, Any]]) -> None:
    _, sidecar = worker_of(chart)
    found = [one for one in sidecar["env"] if one["name"] == "CELERY_BROKER_URL"]
    assert found == [{"name": "CELERY_BROKER_URL", **fields} for fields in broker]


def test_the_start_of_each_worker_brings_the_agent_along() -> None:
    assert worker_of("airflow")[0]["args"][2].startswith(f'export PYTHONPATH="{SITE}')
    assert worker_of("baserow")[0]["args"] == ["celery-worker"]
    for chart in ("baserow", "paperless"):
        assert {"name": "PYTHONPATH", "value": SITE} in worker_of(chart)[0]["env"]
    saleor = [
        "python",
        "/celery-probe",
        "-A",
        "saleor",
        "--app=saleor.celeryconf:app",
        "worker",
        "--loglevel=info",
    ]
    assert worker_of("saleor")[0]["command"] == saleor
    assert worker_of("sentry")[0]["command"][3:] == ["sentry"]
    assert worker_of("superset")[0]["command"][2] == (
        ". /app/pythonpath/bootstrap.sh; python /celery-probe --app=superset.tasks.celery_app:app worker"
    )


def test_a_chart_whose_workers_are_not_celerys_is_refused() -> None:
    outcome = run("netbox")
    assert outcome.exit_code == 3
    assert outcome.stdout == ""
    assert outcome.stderr.startswith("Error: No container starts a Celery worker")


def test_a_file_that_is_not_there_is_refused() -> None:
    outcome = CliRunner().invoke(plugin, ["inject", "-f", "no.yaml", "--probe-image", "probe:1"])
    assert outcome.exit_code == 3
    assert "There is no file no.yaml" in outcome.stderr


def test_the_image_has_to_be_named() -> None:
    outcome = CliRunner().invoke(plugin, ["inject", "-f", "-"])
    assert outcome.exit_code == 3
    assert "Missing option '--probe-image'" in outcome.stderr
