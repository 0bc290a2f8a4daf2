"""What a converted resource leaves out is what the resource refuses."""

import re

import pytest

from celery_kubectl.convert.pod.variables import REFUSED
from celery_kubectl.convert.worker import REFUSED_SETTING
from celery_operator.api.rules import ENV_NAME
from celery_operator.api.workers.rules import ARGUMENT

PATTERNS = re.findall(r"!self\.matches\('\(\?i\)(\^[^']*=)'\)", str(ARGUMENT))
SETTINGS = [
    *("broker_url", "broker.url", "broker_read_url", "broker.write.url", "BROKER_URL", "result_backend"),
    *("worker_concurrency", ".pool", "_pool", "worker.prefetch_multiplier", "worker_enable_remote_control"),
    *("task.acks_late", "worker_x", "broker_pool_limit", "result_expires", "pool", "url"),
]


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_left_out_where_the_resource_refuses_it(name: str) -> None:
    word = f"{name}=1"
    assert len(PATTERNS) == 2
    refused = any(re.match(pattern, word, re.IGNORECASE) for pattern in PATTERNS)
    assert bool(REFUSED_SETTING.match(word)) == refused


@pytest.mark.parametrize("name", ["CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"])
def test_a_variable_with_another_broker_is_left_out_and_refused(name: str) -> None:
    assert name in REFUSED
    assert f"'{name}'" in str(ENV_NAME)
