"""The application that the tests of alert rules break."""

from collections.abc import Iterator

import pytest

from tests.integration.alerts.real_shop import Shop, running_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_shop(tmp_path_factory.mktemp("shop")) as found:
        yield found
