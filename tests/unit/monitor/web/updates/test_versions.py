"""What leads from one version of documents to another."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from celery_monitor.web.updates import versions
from celery_monitor.web.updates.versions import MAX_PART_BYTES, Part, VersionedDocuments

KEYS = [b'"%d"' % number for number in range(6)]


def document(key: bytes, value: int) -> bytes:
    return b'{"id":%b,"value":%d}' % (key, value)


def applied(known: dict[str, Any], parts: tuple[Part, ...]) -> dict[str, Any]:
    """What a client has after these messages."""
    for op, body in parts:
        message = json.loads(b'{"op":"%b",%b' % (op.encode(), body))
        if op == "snapshot":
            known = {one["id"]: one for one in message["data"]}
        else:
            known = {key: one for key, one in known.items() if key not in message["removed"]}
            known |= {one["id"]: one for one in message["changed"]}
    return known


def state(documents: VersionedDocuments) -> dict[str, Any]:
    return applied({}, tuple(documents.since(None)))


STEPS = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(KEYS), st.integers(0, 3), max_size=4),
        st.sets(st.sampled_from(KEYS), max_size=3),
    ),
    max_size=12,
)


@given(STEPS, st.integers(0, 12), st.integers(3, 50), st.integers(20, 200))
def test_a_client_at_any_version_gets_to_the_newest_one(
    steps: list[tuple[dict[bytes, int], set[bytes]]], begin: int, logged: int, part: int
) -> None:
    saved = versions._LEAST_LOGGED, versions.MAX_PART_BYTES
    versions._LEAST_LOGGED, versions.MAX_PART_BYTES = logged, part
    try:
        documents = VersionedDocuments()
        known, version = state(documents), documents.version
        for number, (changed, removed) in enumerate(steps):
            documents.update({key: document(key, value) for key, value in changed.items()}, removed)
            if number == begin:
                known, version = state(documents), documents.version
        assert applied(known, tuple(documents.since(version))) == state(documents)
    finally:
        versions._LEAST_LOGGED, versions.MAX_PART_BYTES = saved


def test_documents_that_are_equal_change_nothing() -> None:
    documents = VersionedDocuments()
    documents.replace({KEYS[0]: document(KEYS[0], 1)})
    version = documents.version
    documents.replace({KEYS[0]: document(KEYS[0], 1)})
    assert documents.version == version
    assert documents.since(version) == ()


def test_a_document_that_came_and_went_is_in_no_message() -> None:
    documents = VersionedDocuments()
    documents.update({KEYS[0]: document(KEYS[0], 1)}, ())
    version = documents.version
    documents.update({KEYS[1]: document(KEYS[1], 1)}, ())
    documents.update({}, [KEYS[1]])
    assert documents.version == version + 2
    assert documents.since(version) == ()


def test_clients_with_the_same_version_share_one_body() -> None:
    documents = VersionedDocuments()
    documents.replace({key: document(key, 1) for key in KEYS})
    assert documents.since(None) is documents.since(None)


def test_who_is_too_far_behind_gets_a_snapshot_and_the_log_stays_small() -> None:
    documents = VersionedDocuments()
    documents.update({KEYS[0]: document(KEYS[0], 0)}, ())
    for number in range(1, 20_000):
        documents.update({KEYS[0]: document(KEYS[0], number)}, ())
    assert documents.since(1)[0].op == "snapshot"
    assert documents.since(documents.version - 1)[0].op == "delta"
    assert len(documents._log) < 2_000


def test_a_long_snapshot_comes_in_parts() -> None:
    documents = VersionedDocuments()
    long = {b'"%d"' % number: b'{"id":"%d","text":"%b"}' % (number, b"x" * 10_000) for number in range(100)}
    documents.replace(long)
    first, *others = documents.since(None)
    assert first.op == "snapshot"
    assert {part.op for part in others} == {"delta"}
    assert max(len(part.body) for part in (first, *others)) < MAX_PART_BYTES + 20_000
    assert len(applied({}, (first, *others))) == 100
