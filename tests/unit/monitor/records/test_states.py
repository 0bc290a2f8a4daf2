"""The order of states is Celery's."""

import pytest
from celery import states

from celery_monitor.records.states import CELERY_STATES, precedence


@pytest.mark.parametrize("one", [*CELERY_STATES, "PROGRESS"])
@pytest.mark.parametrize("other", [*CELERY_STATES, "PROGRESS"])
def test_two_states_have_the_order_that_celery_gives_them(one: str, other: str) -> None:
    assert (precedence(one) < precedence(other)) == (states.precedence(one) < states.precedence(other))
