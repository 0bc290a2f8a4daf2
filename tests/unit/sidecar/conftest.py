"""What the tests of the sidecar share."""

import pytest

from tests.unit.sidecar.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()
