"""The text is the document, whatever is in it, and comments stand where they belong."""

import yaml
from hypothesis import given
from hypothesis import strategies as st

from celery_kubectl.convert.commented_yaml import commented_yaml
from celery_kubectl.convert.draft import Note

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(
        ["on", "1e3", "012", "0x1", "~", "- a", "a: b", "a #b", "", "=", "<<", "1:20", "500m", "-E", "--"]
    ),
)
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=8,
)


@given(
    st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), TEXTS), max_size=3),
)
def test_what_is_read_is_what_was_written(document: dict[str, object], notes: list[tuple[int, str]]) -> None:
    keys = list(document)
    placed = [Note((keys[place % len(keys)], 0), text, decide=False) for place, text in notes]
    assert yaml.safe_load(commented_yaml(document, placed)) == document


def test_a_comment_stands_above_its_field_or_above_the_nearest_one_that_exists() -> None:
    document = {"spec": {"workers": [{"name": "default", "queues": ["a"]}], "beat": {"enabled": False}}}
    notes = [
        Note(("spec", "workers", 0, "name"), "the first field of an item", decide=False),
        Note(("spec", "workers", 0, "queues"), "a field", decide=True),
        Note(("spec", "beat", "template", "spec"), "a field that is missing", decide=False),
        Note(("flower",), "a missing main part", decide=False),
    ]
    assert commented_yaml(document, notes) == (
        "# a missing main part\n"
        "spec:\n"
        "  workers:\n"
        "    # the first field of an item\n"
        "    - name: default\n"
        "      # TODO: a field\n"
        "      queues: [a]\n"
        "  # a field that is missing\n"
        "  beat: {enabled: false}\n"
    )


def test_a_comment_cannot_leave_its_line() -> None:
    text = commented_yaml({"spec": {}}, [Note(("spec",), "one\ntwo: 3\x85four: 5\u2028six: 7", decide=False)])
    assert yaml.safe_load(text) == {"spec": {}}
