"""What a user can get wrong, and that the resource says what to do about it."""

import base64

import pytest
from tools.testbed.kube import Object
from tools.testbed.shop import BROKER_URL, Shop, celery_deployment, group, service


def secret(name: str, **values: str) -> Object:
    """An Opaque Secret."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}


def test_a_wrong_image_is_reported_and_a_right_one_heals(shop: Shop) -> None:
    shop.apply(celery_deployment(image="celery-operator/no-such-image:1"))

    condition = shop.wait_condition("WorkersHealthy", "False", "celery-operator/no-such-image:1")
    assert "pull" in condition["message"]
    shop.wait_health("Unhealthy")
    assert any("image" in advice["message"] for advice in shop.status()["recommendations"])

    shop.change({"image": "celery-operator/example:dev"})
    shop.wait_ready()


def test_an_app_that_does_not_import_is_reported_with_its_own_error(shop: Shop) -> None:
    shop.apply(celery_deployment(app="shopp.celery"))

    shop.wait_condition("WorkersHealthy", "False", "shopp")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://nowhere.invalid:6379/0", "nowhere.invalid"),
        ("redis://closed:6390/0", "Nothing listens"),
        ("redis://:wrong-password@redis:6379/0", "password"),
    ],
    ids=["unknown name", "refused", "bad password"],
)
def test_a_broker_that_cannot_be_reached_is_reported_and_no_pod_restarts(
    shop: Shop, url: str, words: str
) -> None:
    if "wrong-password" in url:
        shop.redis("CONFIG", "SET", "requirepass", "right-password")
    shop.kube.apply(shop.namespace, service("closed", 6390, app="redis"))
    shop.apply(celery_deployment(broker={"url": url}))

    condition = shop.wait_condition("BrokerReachable", "False", words)
    shop.wait_health("Unhealthy")
    assert "wrong-password" not in str(shop.resource()["status"])
    assert condition["reason"] not in ("", "Error")
    assert (
        sum(s["restartCount"] for pod in shop.pods() for s in pod["status"].get("containerStatuses", [])) == 0
    )


def test_a_broker_url_of_an_unknown_scheme_in_a_secret_stalls(shop: Shop) -> None:
    shop.kube.apply(shop.namespace, secret("shop", broker="no-url-at-all"))
    shop.apply(celery_deployment(broker={"urlFrom": {"secretKeyRef": {"name": "shop", "key": "broker"}}}))

    shop.wait_condition("Stalled", "True", "redis://")


@pytest.mark.parametrize("created", [{}, {"other": "x"}], ids=["no Secret", "no key"])
def test_a_missing_secret_or_key_is_reported_and_heals_when_it_is_created(
    shop: Shop, created: dict[str, str]
) -> None:
    if created:
        shop.kube.apply(shop.namespace, secret("shop", **created))
    shop.apply(celery_deployment(broker={"urlFrom": {"secretKeyRef": {"name": "shop", "key": "broker"}}}))

    condition = shop.wait_condition("Ready", "False", "shop")
    assert "broker" in condition["message"]

    shop.kube.apply(shop.namespace, secret("shop", broker=BROKER_URL))
    shop.wait_ready()


def test_queue_names_with_odd_characters_are_consumed_and_counted(shop: Shop) -> None:
    names = ["a:b/c", "größe", "with space", "{hash}.x", "$&|;'\"`*"]
    shop.apply(celery_deployment(workers=[group(queues=names)]))
    shop.wait_ready()

    for name in names:
        assert shop.results(shop.send("shop.tasks.place_order", 1, queue=name)) == ["order 1 placed"]
    shop.kube.until(
        "the queues in the status", lambda: [queue["name"] for queue in shop.status()["queues"]] == names
    )


def test_a_template_that_the_api_server_refuses_stalls_and_what_runs_is_left_alone(shop: Shop) -> None:
    shop.apply(celery_deployment(workers=[group(), group("email")]))
    shop.wait_ready()
    running = {pod["metadata"]["uid"] for pod in shop.pods() + shop.pods("email")}

    bad = {"spec": {"containers": [{"name": "worker", "ports": [{"containerPort": 99999}]}]}}
    shop.change({"workers": [group(), group("email", template=bad)]})

    shop.wait_condition("Stalled", "True", "containerPort")
    assert {pod["metadata"]["uid"] for pod in shop.pods() + shop.pods("email")} == running

    shop.change({"workers": [group(), group("email")]})
    shop.wait_ready()
    shop.wait_condition("Stalled", "False")


def test_credentials_never_stand_in_status_events_or_logs(shop: Shop) -> None:
    password = "s3cret-of-the-broker"
    shop.redis("CONFIG", "SET", "requirepass", password)
    url = f"redis://:{password}@redis:6379/0"
    shop.kube.apply(shop.namespace, secret("shop", broker=url))
    shop.apply(
        celery_deployment(
            broker={"urlFrom": {"secretKeyRef": {"name": "shop", "key": "broker"}}},
            resultBackend={"urlFrom": {"secretKeyRef": {"name": "shop", "key": "broker"}}},
        )
    )
    shop.wait_ready()

    pod = shop.pods()[0]["metadata"]["name"]
    token = base64.b64decode(shop.kube.get(shop.namespace, "secret", "shop-probe")["data"]["token"]).decode()  # type: ignore[index]
    seen = [
        str(shop.resource()),
        str(shop.report(pod)),
        shop.kube.run("-n", shop.namespace, "get", "events", "-o", "yaml"),
        shop.kube.run("-n", shop.namespace, "logs", pod, "--all-containers"),
        shop.kube.run(
            "-n", "celery-system", "logs", "-l", "app.kubernetes.io/name=celery-operator", "--tail=-1"
        ),
    ]
    for text in seen:
        assert password not in text
        assert token not in text
