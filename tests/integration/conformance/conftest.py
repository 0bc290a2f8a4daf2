"""One set of servers for all tests here."""

from collections.abc import Iterator, Mapping

import pytest

from tests.integration.conformance.servers import all_servers


@pytest.fixture(scope="session")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """What a configuration may name of the running servers."""
    with all_servers(tmp_path_factory.mktemp("servers")) as found:
        yield found
