"""Rules of scaling that cannot be kept are refused or reported, with what to write instead."""

import pytest
from tools.scale_soak.stand import scaled
from tools.testbed.kube import Kube, KubeError, Object
from tools.testbed.shop import Shop, celery_deployment

from tests.e2e.scaling import STATUS_SECONDS


@pytest.mark.parametrize(
    ("worker", "words"),
    [
        (scaled(least=5, most=2), ("minReplicas", "maxReplicas")),
        (scaled(most=2) | {"replicas": 1}, ("replicas", "autoscaling")),
        (scaled(most=2, idleSeconds=-1), ("idleSeconds", "greater than or equal to 0")),
    ],
    ids=["min above max", "replicas too", "negative seconds"],
)
def test_a_group_that_cannot_scale_is_refused_with_what_to_write_instead(
    kube: Kube, namespace: str, worker: Object, words: tuple[str, ...]
) -> None:
    with pytest.raises(KubeError) as refused:
        Shop(kube, namespace).apply(celery_deployment(workers=[worker]))
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("window", "words"),
    [
        ({"start": "0 8 * * *", "end": "0 18 * * *", "timeZone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"start": "0 0 30 2 *", "end": "0 18 * * *"}, "0 0 30 2 *"),
    ],
    ids=["unknown time zone", "cron that never fires"],
)
def test_a_schedule_that_cannot_be_kept_stalls_and_a_right_one_heals(
    kube: Kube, namespace: str, window: dict[str, str], words: str
) -> None:
    shop = Shop(kube, namespace)
    broken = scaled(most=2, schedule=[{**window, "minReplicas": 1}])
    shop.apply(celery_deployment(workers=[broken], broker={"managed": {}}))

    condition = shop.wait_condition("Stalled", "True", words, timeout=STATUS_SECONDS)
    assert "default" in condition["message"]

    shop.change({"workers": [scaled(most=2)]})
    shop.wait_condition("Stalled", "False", timeout=STATUS_SECONDS)
