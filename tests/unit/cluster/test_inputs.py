"""Equal inputs give equal hashes, and whatever an image is made of changes them."""

from pathlib import Path

import pytest
from tools.cluster.images.inputs import COMMON, SOURCES, input_hash


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in COMMON:
        (tmp_path / name).write_text(name)
    for names in SOURCES.values():
        for name in names:
            (tmp_path / name).mkdir(parents=True, exist_ok=True)
            (tmp_path / name / "module.py").write_text("one = 1\n")
    return tmp_path


def test_a_changed_source_changes_the_images_that_hold_it(checkout: Path) -> None:
    before = {target: input_hash(checkout, target, {}) for target in SOURCES}
    (checkout / "operator" / "module.py").write_text("one = 2\n")
    after = {target: input_hash(checkout, target, {}) for target in SOURCES}
    assert [target for target in SOURCES if before[target] != after[target]] == ["operator"]


def test_compiled_files_change_nothing(checkout: Path) -> None:
    before = input_hash(checkout, "probe", {})
    (checkout / "probe" / "__pycache__").mkdir()
    (checkout / "probe" / "__pycache__" / "module.pyc").write_text("x")
    assert input_hash(checkout, "probe", {}) == before


def test_another_build_argument_is_another_image(checkout: Path) -> None:
    other = input_hash(checkout, "example", {"CELERY_REQUIREMENTS": "celery==5.3.6"})
    assert input_hash(checkout, "example", {}) != other


def test_a_renamed_file_is_another_image(checkout: Path) -> None:
    before = input_hash(checkout, "probe", {})
    (checkout / "probe" / "module.py").rename(checkout / "probe" / "other.py")
    assert input_hash(checkout, "probe", {}) != before
