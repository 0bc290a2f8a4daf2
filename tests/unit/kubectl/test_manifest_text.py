"""Manifests are printed so that kubectl reads the same values."""

import pytest
import yaml

from celery_kubectl.manifest_text import manifest_text


@pytest.mark.parametrize(
    "text", ["1e3", "12E45", "1_0e2", "0o14", "y", "N", "on", "1.5", "2026-01-01", "null", "~", ""]
)
def test_text_that_a_reader_could_take_for_another_value_is_quoted(text: str) -> None:
    assert manifest_text([{"a": text}]) == f"a: '{text}'\n"


def test_text_of_several_lines_stays_readable() -> None:
    script = "set -e\nexec celery -A shop worker\n"
    assert manifest_text([{"script": script}]) == "script: |\n  set -e\n  exec celery -A shop worker\n"


def test_a_long_line_is_not_folded() -> None:
    line = "word " * 200 + "end"
    assert manifest_text([{"line": line}]) == f"line: {line}\n"


def test_documents_and_fields_keep_their_order_and_share_nothing() -> None:
    shared = {"z": 1, "a": None, "b": [True, 1.5, "ü"]}
    text = manifest_text([{"one": shared, "two": shared}, {"three": 3}])
    assert list(yaml.safe_load_all(text)) == [{"one": shared, "two": shared}, {"three": 3}]
    assert "&" not in text
    assert text.index("z:") < text.index("a:") < text.index("ü")
