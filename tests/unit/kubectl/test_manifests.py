"""Manifests are read as kubectl reads them, within bounds, and every refusal says what to write instead."""

import io
from pathlib import Path

import pytest
import yaml

from celery_kubectl import manifests
from celery_kubectl.manifests import ManifestError, read_manifests

DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\n"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\n"


def names(text: str) -> list[str]:
    return [item["metadata"]["name"] for item in read_manifests(io.StringIO(text))]


def refusal(text: str) -> str:
    with pytest.raises(ManifestError) as refused:
        read_manifests(io.StringIO(text))
    assert refused.value.exit_code == 3
    return refused.value.message


def test_all_documents_are_read_in_their_order_and_empty_ones_are_left_out() -> None:
    assert names(f"---\n# a comment\n---\n{DEPLOYMENT}---\n---\n{SECRET}") == ["shop", "keys"]


def test_a_list_stands_for_its_items() -> None:
    items = [yaml.safe_load(DEPLOYMENT), yaml.safe_load(SECRET)]
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items})
    assert names(text) == ["shop", "keys"]


def test_json_is_read(tmp_path: Path) -> None:
    file = tmp_path / "shop.json"
    file.write_text('{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}}')
    assert [item["kind"] for item in read_manifests(file)] == ["Secret"]


def test_a_date_is_text_and_an_alias_is_a_copy() -> None:
    text = f"{DEPLOYMENT}spec: {{a: &one {{since: 2026-01-02}}, b: *one}}\n"
    [found] = read_manifests(io.StringIO(text))
    assert found["spec"]["b"] == {"since": "2026-01-02"}
    assert found["spec"]["a"] is not found["spec"]["b"]


@pytest.mark.parametrize("time", ["10:30", "1:2:3", "-10:30", "10:30.5"])
def test_a_time_is_text_as_for_the_api_server(time: str) -> None:
    [found] = read_manifests(io.StringIO(f"{DEPLOYMENT}spec: {{window: {time}, seconds: 63}}\n"))
    assert found["spec"] == {"window": time, "seconds": 63}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", "has no Kubernetes object", id="nothing"),
        pytest.param("a: [1\nb: 2", "is not valid YAML in line 2, column 2", id="not YAML"),
        pytest.param("image: {{ .Values.image }}:{{ .Values.tag }}", "is a template", id="a Helm template"),
        pytest.param("a: !!python/object:os.x {}", "is not valid YAML", id="a tag of Python"),
        pytest.param("a: \x00", "is not valid YAML", id="a control character"),
        pytest.param("just text", "document 1 is not a Kubernetes object", id="text"),
        pytest.param(f"{DEPLOYMENT}---\nkind: Pod", "document 2 is not a Kubernetes object", id="no version"),
        pytest.param("kind: List\napiVersion: v1\nitems: [3]", "document 1, item 1 is not", id="a bad item"),
        pytest.param("kind: Pod\napiVersion: v1", "(Pod) has no name", id="no name"),
        pytest.param("kind: Pod\napiVersion: v1\nmetadata: {name: 7}", "has no name", id="a number as name"),
        pytest.param(f"{DEPLOYMENT}spec: {{1: a}}", "write 1 in quotes", id="a number as key"),
        pytest.param(f"{DEPLOYMENT}spec: !!set {{a}}", "type set", id="a set"),
        pytest.param(f"{DEPLOYMENT}spec: &a [*a]", "too large or too deeply nested", id="an endless alias"),
        pytest.param(
            f"{DEPLOYMENT}spec: {'[' * 5000}{']' * 5000}", "too large or too deeply nested", id="deep nesting"
        ),
    ],
)
def test_something_else_is_refused_in_one_line(text: str, words: str) -> None:
    message = refusal(text)
    assert message.startswith("standard input")
    assert words in message
    assert "\n" not in message


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "too large" in refusal("\n".join(lines))


def test_a_large_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "MOST_CHARACTERS", 100)
    file = tmp_path / "large.yaml"
    file.write_text("#" * 101)
    with pytest.raises(ManifestError, match=r"large\.yaml is too large"):
        read_manifests(file)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"There is no file .*shop\.yaml: write the path"):
        read_manifests(tmp_path / "shop.yaml")
    with pytest.raises(ManifestError, match="is a folder"):
        read_manifests(tmp_path)
    binary = tmp_path / "image.png"
    binary.write_bytes(b"\x89PNG\xff")
    with pytest.raises(ManifestError, match="is not a text in UTF-8"):
        read_manifests(binary)
