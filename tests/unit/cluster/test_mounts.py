"""Mount points of a cluster that is taken away."""

from pathlib import Path

import pytest
from tools.cluster.machine.mounts import detach, mounts_below


def test_a_folder_without_mounts_has_none(tmp_path: Path) -> None:
    assert mounts_below(tmp_path) == []


def test_a_point_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=str(tmp_path)):
        detach(tmp_path)
