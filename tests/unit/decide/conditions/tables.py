"""Rows of the tables of conditions, and the test cases that they make."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from celery_operator.api.status import CeleryDeploymentStatus, ConditionType
from tests.unit.decide.build import GENERATION, deployment, spec
from tests.unit.decide.pods import pod

A, B = pod("shop-default-a"), pod("shop-default-b")
SUSPENDED = {"spec": spec(suspend=True), "deployments": (deployment(0),), "pods": ()}
OLD_GENERATION = CeleryDeploymentStatus(observed_generation=GENERATION - 1)

Row = tuple[str, dict[str, Any], str, str]
"""When, the changes to the snapshot, the status and the reason."""


def cases(tables: Mapping[ConditionType, Sequence[Row]]) -> list[Any]:
    """A test case for each row: type, changes, status and reason."""
    return [
        pytest.param(kind, changes, status, reason, id=f"{kind.value} is {status} when {when}")
        for kind, table in tables.items()
        for when, changes, status, reason in table
    ]
