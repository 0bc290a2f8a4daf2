"""What a person has to decide stands in a comment, each with what to write."""

from typing import Any

import pytest

from celery_kubectl.convert.application import Surroundings
from celery_kubectl.convert.environment import Configuration
from tests.unit.kubectl.convert.build import BROKER, deployment, printed, worker


@pytest.mark.parametrize(
    ("options", "field", "words"),
    [
        (
            ["-P", "custom.Pool"],
            ("pool", None),
            "TODO: The pool custom.Pool is not one that the operator knows",
        ),
        (["-P", "processes"], ("pool", None), ""),
        (["-l", "$(LEVEL)"], ("logLevel", "INFO"), "TODO: The log level is $(LEVEL), which is not known"),
        (["-l", "fatal"], ("logLevel", "CRITICAL"), ""),
        (
            ["-Q", "$(QUEUES)"],
            ("queues", ["celery"]),
            "TODO: The queues are $(QUEUES), whose value is not known",
        ),
        (["-c", "-1"], ("concurrency", 4), "TODO: The concurrency is -1, whose value is not known"),
        (["-c", "$(N)"], ("concurrency", 4), "TODO: The concurrency is $(N), whose value is not known"),
        (["--time-limit", "soon"], ("timeLimit", None), "TODO: --time-limit is soon, which is no number"),
        (["--time-limit", "9", "--soft-time-limit", "9"], ("softTimeLimit", None), "is ended after 9 s"),
        (["--max-memory-per-child", "much"], ("maxMemoryPerChild", None), "which is no number"),
        (["--max-memory-per-child", "12345"], ("maxMemoryPerChild", "12345Ki"), ""),
        (["--max-memory-per-child", "2097152"], ("maxMemoryPerChild", "2Gi"), ""),
        (["--maxtasksperchild=5"], ("maxTasksPerChild", 5), ""),
        (["-X", "slow"], ("args", None), "TODO: --exclude-queues is left out"),
        (["--uid", "app"], ("args", None), "TODO: --uid is left out: write the number of the user"),
        (["--statedb=/var/db"], ("args", ["--statedb=/var/db"]), ""),
        (["worker_x.y=1"], ("args", ["worker_x.y=1"]), ""),
        (
            ["broker.read_url=redis://:geheim@h/1", "task.acks_late=True"],
            ("args", ["task.acks_late=True"]),
            "TODO: The setting broker.read_url is left out: write the URL in spec.broker",
        ),
        ([".pool=solo"], ("args", None), "TODO: The setting .pool is left out: write what has a field"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options_of_a_worker(options: list[str], field: tuple[str, Any], words: str) -> None:
    found = printed(worker(*options))
    assert found.group.get(field[0]) == field[1]
    assert words in found.comments


@pytest.mark.parametrize(
    ("env", "broker", "words"),
    [
        ([], None, "TODO: The broker was not found. Write its URL here"),
        (
            [{"name": "CELERY_BROKER_URL", "value": "redis"}],
            None,
            "TODO: CELERY_BROKER_URL is not the URL of a",
        ),
        (
            [{"name": "SHOP_BROKER_URL", "value": "amqp://rabbit//"}],
            "amqp://rabbit//",
            "check that it is the",
        ),
        ([{"name": "REDIS_URL", "value": "redis"}], None, "TODO: The broker was not found"),
        (
            [{"name": "CELERY_BROKER_URL", "value": "sentinel://a;sentinel://b"}],
            "sentinel://a;sentinel://b",
            "master",
        ),
        (
            [BROKER, {"name": "BROKER_URL", "value": "redis://first/0"}],
            "redis://first/0",
            "instead of BROKER_URL",
        ),
    ],
    ids=[
        "none",
        "no URL",
        "another name",
        "another name without a URL",
        "Sentinels",
        "the option's variable",
    ],
)
def test_brokers(env: list[dict[str, str]], broker: str | None, words: str) -> None:
    found = printed(worker(env=env))
    assert found.spec["broker"].get("url") == broker
    assert words in found.comments
    if broker is None:
        assert found.spec["broker"] == {"urlFrom": {"secretKeyRef": {"name": "shop-broker", "key": "url"}}}


def test_a_broker_in_the_source_of_the_environment_is_found_by_the_keys_alone() -> None:
    sources = [{"secretRef": {"name": "shop"}, "prefix": "CELERY_"}]
    keys = Configuration(secret_keys={"shop": frozenset({"BROKER_URL"})})
    found = printed(worker(env=[], envFrom=sources), configuration=keys)
    assert found.spec["broker"] == {"urlFrom": {"secretKeyRef": {"name": "shop", "key": "BROKER_URL"}}}


@pytest.mark.parametrize(
    ("value", "backend", "words"),
    [
        (
            {"value": "db+postgresql://user:secret@db/x"},
            {"url": "db+postgresql://user:secret@db/x"},
            "password",
        ),
        ({"value": "rpc://"}, {"url": "rpc://"}, ""),
        ({"value": "redis://:$(PASSWORD)@redis/1"}, None, "CELERY_RESULT_BACKEND is not carried over"),
        (
            {"valueFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}},
            None,
            "because its whole URL is not known",
        ),
    ],
    ids=["a password", "no server", "composed", "a ConfigMap"],
)
def test_result_backends(value: dict[str, Any], backend: dict[str, str] | None, words: str) -> None:
    found = printed(worker(env=[BROKER, {"name": "CELERY_RESULT_BACKEND", **value}]))
    assert found.spec.get("resultBackend") == backend
    assert words in found.comments
    assert "secret" not in found.comments


def test_different_result_backends_are_a_decision() -> None:
    both = [
        worker(
            name=f"shop-{name}", env=[BROKER, {"name": "CELERY_RESULT_BACKEND", "value": f"redis://{name}/1"}]
        )
        for name in ("a", "b")
    ]
    found = printed(*both)
    assert found.spec["resultBackend"] == {"url": "redis://a/1"}
    assert "TODO: The Deployments have different result backends: this is the first one." in found.comments


def test_an_application_and_an_image_that_no_field_names_are_a_decision() -> None:
    found = printed(deployment("shop", "celery", "worker", image=None))
    assert (found.spec["app"], found.spec["image"]) == ("APPLICATION", "IMAGE")
    assert "TODO: No option -A names the application" in found.comments
    assert "TODO: The Deployment names no image" in found.comments


def test_a_second_beat_and_a_second_flower_are_left_out() -> None:
    more = [
        deployment(f"shop-{role}-{number}", "celery", "-A", "shop", role)
        for role in ("beat", "flower")
        for number in (1, 2)
    ]
    found = printed(worker(), *more)
    assert "TODO: There may be one beat: deployment/shop-beat-2 is not carried over." in found.comments
    assert "TODO: There may be one Flower: deployment/shop-flower-2 is not carried over." in found.comments


def test_another_worker_in_the_same_container_is_left_out() -> None:
    script = "celery -A shop worker -c 2 & celery -A shop worker -c 3 & celery -A shop flower"
    found = printed(deployment("shop", "sh", "-c", script))
    assert found.group["concurrency"] == 2
    assert "TODO: The same container also runs `celery worker`" in found.comments
    assert "TODO: The same container also runs `celery flower`" in found.comments


def scaler(name: str, kind: str = "ScaledObject", **spec: Any) -> dict[str, Any]:
    whole = {"scaleTargetRef": {"name": "shop-worker"}, **spec}
    return {"kind": kind, "metadata": {"name": name}, "spec": whole}


def test_a_scaler_without_metrics_or_triggers_has_its_bounds() -> None:
    hpa = scaler("cpu", "HorizontalPodAutoscaler", targetCPUUtilizationPercentage=80, maxReplicas=4)
    found = printed(worker(), surroundings=Surroundings(scalers=[hpa]))
    assert found.group["autoscaling"] == {"minReplicas": 1, "maxReplicas": 4}
    assert "HorizontalPodAutoscaler cpu scales by cpu." in found.comments

    advanced = {"scalingModifiers": {"formula": "a + b"}}
    scaled = scaler(
        "shop", advanced=advanced, triggers=[{"type": "redis", "metadata": {"listLength": "many"}}]
    )
    found = printed(worker(), surroundings=Surroundings(scalers=[scaled, hpa]))
    assert found.group["autoscaling"] == {"minReplicas": 0, "maxReplicas": 100}
    for words in (
        "scalingModifiers",
        "KEDA's trigger redis has no equal here",
        "cpu scales these workers too",
    ):
        assert words in found.comments


def test_the_autoscaler_that_keda_makes_is_not_a_second_one() -> None:
    owners = [{"kind": "ScaledObject", "name": "shop"}]
    hpa = scaler("keda-hpa-shop", "HorizontalPodAutoscaler", maxReplicas=100)
    hpa["metadata"]["ownerReferences"] = owners
    found = printed(worker(), surroundings=Surroundings(scalers=[scaler("shop"), hpa]))
    assert "keda-hpa-shop" not in found.comments


def redis_trigger(queue: str, activation: str | None = None, length: str = "5") -> dict[str, Any]:
    metadata = {"listName": queue, "listLength": length, "activationListLength": activation}
    return {"type": "redis", "metadata": {key: value for key, value in metadata.items() if value is not None}}


@pytest.mark.parametrize(
    ("triggers", "activation"),
    [
        ([redis_trigger("email"), redis_trigger("bulk", "100")], None),
        ([redis_trigger("email", "5"), redis_trigger("bulk", "100")], 5),
        ([redis_trigger("another"), redis_trigger("bulk", "100")], 100),
        ([redis_trigger("another", "7")], 7),
    ],
)
def test_the_first_pod_starts_when_one_trigger_of_the_groups_queues_is_active(
    triggers: list[dict[str, Any]], activation: int | None
) -> None:
    scaled = scaler("shop", triggers=triggers)
    found = printed(worker("-Q", "email,bulk"), surroundings=Surroundings(scalers=[scaled]))
    assert found.group["autoscaling"].get("activationBacklog") == activation


@pytest.mark.parametrize("odd", ["inf", "nan", "-inf"])
def test_a_trigger_whose_number_is_none_is_a_decision(odd: str) -> None:
    triggers = [redis_trigger("email", odd), redis_trigger("email", length=odd)]
    scaled = scaler("shop", triggers=triggers)
    found = printed(worker("-Q", "email"), surroundings=Surroundings(scalers=[scaled]))
    assert "targetPerSlot" not in found.group["autoscaling"]
    assert "KEDA's trigger redis has no equal here" in found.comments


@pytest.mark.parametrize("odd", [3, "x", [3], ["x"], [{"key": "app", "operator": "In", "values": 3}]])
def test_odd_expressions_select_nothing_and_are_no_traceback(odd: Any) -> None:
    selector = {"matchLabels": {"app": "other"}, "matchExpressions": odd}
    budget: dict[str, Any] = {"metadata": {"name": "one"}, "spec": {"selector": selector}}
    affinity = {"podAffinity": {"x": [{"labelSelector": {"matchExpressions": odd}}]}}
    found = printed(worker(pod={"affinity": affinity}), surroundings=Surroundings(budgets=[budget]))
    assert "podDisruptionBudget" not in found.group
    budget["spec"]["selector"].pop("matchLabels")
    printed(worker(), surroundings=Surroundings(budgets=[budget]))


def test_the_mounts_of_claims_stay_behind_with_their_volumes() -> None:
    mounts = [{"name": "cache", "mountPath": "/cache"}, {"name": "data", "mountPath": "/data"}]
    stateful = worker(volumeMounts=mounts, pod={"volumes": [{"name": "data", "emptyDir": {}}]})
    stateful["kind"] = "StatefulSet"
    stateful["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "cache"}}]
    found = printed(stateful)
    assert found.spec["volumeMounts"] == mounts[1:]
    assert "volume cache is not carried over" in found.comments


@pytest.mark.parametrize("fields", [{}, {"args": ["flower", "--port=5555"]}])
def test_the_image_of_flower_needs_no_command(fields: dict[str, Any]) -> None:
    for image in ("mher/flower", "mher/flower:2.0", "docker.io/mher/flower:2.0"):
        found = printed(worker(), deployment("shop-flower", image=image, **fields))
        assert found.spec["flower"]["image"] == image
        assert "entry point" not in found.comments


def test_a_window_above_the_maximum_is_cut_to_it() -> None:
    times = {"start": "0 8 * * *", "end": "0 9 * * *", "desiredReplicas": "30"}
    scaled = scaler("shop", maxReplicaCount=10, triggers=[{"type": "cron", "metadata": times}])
    found = printed(worker(), surroundings=Surroundings(scalers=[scaled]))
    assert found.group["autoscaling"]["schedule"][0]["minReplicas"] == 10
    assert "more than the maximum" in found.comments


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ({"matchLabels": {"app": "shop-worker"}}, True),
        ({"matchLabels": {"app": "another"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["shop-worker"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["shop-worker"]}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
        ({}, False),
    ],
)
def test_a_budget_is_carried_over_where_it_selects_the_pods(selector: dict[str, Any], selected: bool) -> None:
    spec = {"maxUnavailable": 1, "selector": selector, "unhealthyPodEvictionPolicy": "AlwaysAllow"}
    budgets = [{"metadata": {"name": name}, "spec": spec} for name in ("one", "two")]
    found = printed(worker(), surroundings=Surroundings(budgets=budgets))
    assert ("podDisruptionBudget" in found.group) is selected
    assert ("TODO: PodDisruptionBudget two selects the pods too" in found.comments) is selected
    assert ("unhealthyPodEvictionPolicy: AlwaysAllow" in found.comments) is selected


def test_a_selector_with_expressions_is_not_rewritten() -> None:
    expressions = [{"key": "app", "operator": "In", "values": ["shop-worker"]}]
    term = {"topologyKey": "zone", "labelSelector": {"matchExpressions": expressions}}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    found = printed(worker(pod={"affinity": affinity}))
    assert found.group["template"]["spec"]["affinity"] == affinity
    assert "TODO: matchExpressions in affinity or topologySpreadConstraints name app" in found.comments
