"""A field of any other type leads to a manifest or to a refusal, never to a traceback."""

from collections.abc import Iterator
from copy import deepcopy
from io import StringIO
from typing import Any

import click
import yaml
from hypothesis import given
from hypothesis import strategies as st

from celery_kubectl.convert.conversion import convert
from celery_kubectl.convert.sources import from_files
from tests.unit.kubectl.convert.golden import CASES

Place = tuple[str | int, ...]
DOCUMENTS = [list(yaml.safe_load_all(case.read_text())) for case in CASES]
ODD: list[Any] = [3, "x", None, [], {}, True, [3], {"a": 1}, ["x"], "", -1, 1.5, "$x"]


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """The places of all fields."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*place, key)
        yield from places(inner, (*place, key))


def refusal(manifests: str) -> str:
    """Why the manifests are refused; empty where they are not."""
    try:
        convert(from_files([StringIO(manifests)], [], []))
    except click.ClickException as refused:
        return refused.message
    return ""


@given(st.data(), st.sampled_from(DOCUMENTS), st.sampled_from(ODD))
def test_an_odd_value_is_no_traceback(data: st.DataObject, documents: list[Any], odd: Any) -> None:
    changed = deepcopy(documents)
    *parents, last = data.draw(st.sampled_from([*places(changed)]).filter(lambda place: len(place) > 1))
    target: Any = changed
    for key in parents:
        target = target[key]
    target[last] = odd
    assert "\n" not in refusal(yaml.safe_dump_all(changed))
