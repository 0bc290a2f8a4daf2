"""Random faults under load: every task ends as its acknowledgement mode promises."""

import pytest
from tools.soak.market import Market
from tools.soak.run import Soak
from tools.testbed.events import messages
from tools.testbed.kube import Kube
from tools.testbed.shop import Shop

from celery_health.catalogue.deaths import DeathReason

SECONDS = 180
RATE = 50
SEED = 7


@pytest.mark.disruptive
@pytest.mark.timeout(900)
def test_three_minutes_of_random_faults_lose_and_double_nothing_that_is_promised(
    kube: Kube, namespace: str
) -> None:
    shop = Shop(kube, namespace)
    outcome = Soak(Market(shop), say=print).run(SECONDS, RATE, SEED)
    assert outcome.kept_promises, outcome
    assert outcome.sent_late + outcome.sent_early > SECONDS * RATE / 2
    # Children are killed and tasks are lost, but no task is the cause.
    assert messages(shop, DeathReason.POISON_TASK) == []
