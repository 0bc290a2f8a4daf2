"""What ``kubectl celery convert`` says when it cannot do what is asked: one sentence, exit code 3."""

import pytest
import yaml
from click.testing import CliRunner, Result

from celery_kubectl.main import plugin


def deployment(name: str, *command: str, kind: str = "Deployment") -> str:
    labels = {"app": name}
    container = {"name": "main", "image": "shop:1", "command": list(command)}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return yaml.safe_dump(
        {
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": {"name": name},
            "spec": {"selector": {"matchLabels": labels}, "template": template},
        }
    )


WORKER = deployment("shop-worker", "celery", "-b", "redis://redis/0", "-A", "shop", "worker", "-c", "2")
WEB = deployment("shop-web", "gunicorn", "shop")
AIRFLOW = deployment("airflow-worker", "airflow", "celery", "worker")
BEAT = deployment("shop-beat", "celery", "-A", "shop", "beat")


def run(*arguments: str, manifests: str = "") -> Result:
    return CliRunner().invoke(plugin, ["convert", *arguments], input=manifests)


@pytest.mark.parametrize(
    ("arguments", "manifests", "words"),
    [
        pytest.param([], "", "Name what to convert: deployment/NAME, or -f FILE", id="nothing"),
        pytest.param(["pod/shop"], "", "pod/shop is no Deployment: write deployment/NAME.", id="a pod"),
        pytest.param(["deployment/"], "", "deployment/ is no Deployment", id="no name"),
        pytest.param(
            ["-f", "-", "deployment/shop"],
            WORKER,
            "The manifests have no deployment/shop: there is deployment/shop-worker.",
            id="an unknown name",
        ),
        pytest.param(
            ["-f", "-", "--scaledobject", "shop"],
            WORKER,
            "The manifests have no scaledobject/shop: check the name",
            id="an unknown ScaledObject",
        ),
        pytest.param(
            ["-f", "-", "deploy/shop-web"],
            WEB,
            "deployment/shop-web runs no Celery, but `gunicorn shop`: name a Deployment that runs",
            id="no Celery",
        ),
        pytest.param(
            ["-f", "-"], WEB, "Nothing to convert: deployment/shop-web runs no Celery", id="none at all"
        ),
        pytest.param(
            ["-f", "-", "airflow-worker"],
            AIRFLOW,
            "keep the Deployment, and use `kubectl celery inject`.",
            id="another program starts Celery",
        ),
        pytest.param(
            ["-f", "-"],
            BEAT,
            "deployment/shop-beat runs beat, and no Deployment here runs workers of its application",
            id="beat alone",
        ),
        pytest.param(
            ["-f", "-"],
            "apiVersion: v1\nkind: Secret\nmetadata: {name: keys}",
            "The manifests have no Deployment",
            id="no Deployment",
        ),
        pytest.param(["-f", "missing.yaml"], "", "There is no file missing.yaml", id="no file"),
        pytest.param(
            ["-f", "-", "shop"],
            deployment("shop").replace("containers:", "initContainers:"),
            "deployment/shop has no containers",
            id="no containers",
        ),
    ],
)
def test_wrong_input_exits_with_3(arguments: list[str], manifests: str, words: str) -> None:
    outcome = run(*arguments, manifests=manifests)
    assert outcome.exit_code == 3, outcome.output
    assert words in outcome.stderr
    assert outcome.stdout == ""


def test_deployments_without_celery_are_left_out_of_whole_manifests() -> None:
    outcome = run("-f", "-", manifests="---\n".join([WEB, WORKER, AIRFLOW]))
    assert outcome.exit_code == 0, outcome.stderr
    assert yaml.safe_load(outcome.stdout)["metadata"]["name"] == "shop"
    assert "Left out: deployment/shop-web runs no Celery, but `gunicorn shop`." in outcome.stderr
    assert "Left out: deployment/airflow-worker lets another program start Celery" in outcome.stderr
    assert "1 TODO to decide: see the comments." in outcome.stderr


def test_only_what_is_named_is_converted() -> None:
    outcome = run("-f", "-", "shop-worker", manifests="---\n".join([WORKER, BEAT]))
    assert outcome.exit_code == 0, outcome.stderr
    assert "beat" not in yaml.safe_load(outcome.stdout)["spec"]
