"""The time by which requests are counted."""

from types import SimpleNamespace

import pytest

NOW = 1_795_900_000.0


@pytest.fixture(autouse=True)
def no_new_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the time of the limits: a window begins at a full minute, and lets one more through."""
    monkeypatch.setattr("limits.aio.storage.memory.time", SimpleNamespace(time=lambda: NOW))
