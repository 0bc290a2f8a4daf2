"""Broker URLs from Secrets: what is said when they are missing, and how fresh they are."""

import pytest

from celery_operator.api.references import SecretKeyReference
from celery_operator.kube import RefusedError
from celery_operator.observe.configuration import AGAIN, KEEP_SECONDS
from celery_operator.observe.urls import SecretUrls, UrlMissingError
from tests.unit.observe.configuration_cluster import BROKER, Cluster

REFERENCE = SecretKeyReference(name="broker", key="url")
EXAMPLE = "redis://HOST:6379/0"


def urls_of(cluster: Cluster) -> SecretUrls:
    return SecretUrls("shop", cluster.reader())


async def test_a_missing_secret_is_reported_with_the_command_that_creates_it() -> None:
    with pytest.raises(UrlMissingError) as missing:
        await urls_of(Cluster()).get(REFERENCE, EXAMPLE)

    fault = missing.value.fault
    assert fault.waiting
    command = "kubectl -n shop create secret generic broker --from-literal=url=redis://HOST:6379/0"
    assert fault.command == command


@pytest.mark.parametrize("data", [None, {}, {"url": ""}, {"url": "%%%"}, {"url": "/w=="}, {"other": "eA=="}])
async def test_a_secret_without_a_text_under_the_key_is_reported(data: dict[str, str] | None) -> None:
    cluster = Cluster()
    cluster.objects[BROKER] = {"data": data}

    with pytest.raises(UrlMissingError) as missing:
        await urls_of(cluster).get(REFERENCE, EXAMPLE)

    assert "no text under the key url" in missing.value.fault.message


async def test_a_secret_that_the_operator_may_not_read_is_reported() -> None:
    cluster = Cluster()
    cluster.error = RefusedError('secrets "broker" is forbidden', 403)

    with pytest.raises(UrlMissingError) as missing:
        await urls_of(cluster).get(REFERENCE, EXAMPLE)

    assert "may not read Secret broker" in missing.value.fault.message


async def test_a_missing_secret_is_read_again_at_once_and_a_found_one_kept() -> None:
    cluster = Cluster()
    urls = urls_of(cluster)
    with pytest.raises(UrlMissingError):
        await urls.get(REFERENCE, EXAMPLE)
    cluster.put_url("redis://a\n")

    assert await urls.get(REFERENCE, EXAMPLE) == "redis://a"
    assert await urls.get(REFERENCE, EXAMPLE) == "redis://a"
    assert cluster.gets == 2


async def test_a_secret_that_stays_away_is_read_ever_less_often_and_reported_all_the_time() -> None:
    cluster = Cluster()
    urls = urls_of(cluster)
    for second in range(120):
        cluster.now = second
        with pytest.raises(UrlMissingError):
            await urls.get(REFERENCE, EXAMPLE)
    assert 8 <= cluster.gets <= 14, "at first at once, then every 12 to 15 s"

    cluster.put_url("redis://a")
    cluster.now += AGAIN.limit
    assert await urls.get(REFERENCE, EXAMPLE) == "redis://a"


async def test_a_changed_secret_is_read_again_in_time_or_when_its_password_was_refused() -> None:
    cluster = Cluster()
    urls = urls_of(cluster)
    cluster.put_url("redis://a")
    await urls.get(REFERENCE, EXAMPLE)

    cluster.put_url("redis://b")
    cluster.now = KEEP_SECONDS
    assert await urls.get(REFERENCE, EXAMPLE) == "redis://b"

    cluster.put_url("redis://c")
    urls.refuse(REFERENCE)
    assert await urls.get(REFERENCE, EXAMPLE) == "redis://c"


async def test_a_url_that_is_refused_for_long_costs_few_reads() -> None:
    cluster = Cluster()
    urls = urls_of(cluster)
    cluster.put_url("redis://a")
    for second in range(120):
        cluster.now = second
        await urls.get(REFERENCE, EXAMPLE)
        urls.refuse(REFERENCE)
    assert 8 <= cluster.gets <= 14


async def test_not_all_resources_read_their_secrets_at_one_time() -> None:
    cluster = Cluster()
    cluster.put_url("redis://a")
    resources = [urls_of(cluster) for _ in range(100)]
    for urls in resources:
        await urls.get(REFERENCE, EXAMPLE)
    cluster.gets, cluster.now = 0, KEEP_SECONDS * 0.875
    for urls in resources:
        await urls.get(REFERENCE, EXAMPLE)
    assert 20 < cluster.gets < 80
