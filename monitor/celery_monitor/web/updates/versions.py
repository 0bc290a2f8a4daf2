"""Encoded documents with a version, and what changed from one version to another. Pure.

Bodies are the text of a message after its first fields, so that all clients share them.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

MAX_PART_BYTES = 256 * 1024
"""A longer body is sent in parts: a snapshot or delta, and deltas after it. One document may be longer."""
_LEAST_LOGGED = 1_000
_LOGGED_FOR_EACH = 4


class Part(NamedTuple):
    """One message without its first fields. ``op`` is ``snapshot`` or ``delta``."""

    op: str
    body: bytes


class VersionedDocuments:
    """The documents of one topic. Keys are JSON texts, documents are encoded JSON.

    What changed is known for a number of changes; who is further behind needs a snapshot.
    """

    def __init__(self) -> None:
        self.version = 0
        self._documents: dict[bytes, bytes] = {}
        # For each version the keys that changed, and whether they had a document before.
        self._log: deque[tuple[int, Mapping[bytes, bool]]] = deque()
        self._logged = 0
        self._oldest = 0
        self._parts: dict[int | None, Sequence[Part]] = {}

    def __len__(self) -> int:
        """The number of documents."""
        return len(self._documents)

    def replace(self, documents: Mapping[bytes, bytes]) -> None:
        """These are all documents now, in this order."""
        self.update(documents, self._documents.keys() - documents.keys())

    def update(self, changed: Mapping[bytes, bytes], removed: Iterable[bytes]) -> None:
        """Set and remove documents. Without an effect, the version stays."""
        touched = {}
        for key in removed:
            if self._documents.pop(key, None) is not None:
                touched[key] = True
        for key, document in changed.items():
            before = self._documents.get(key)
            if before != document:
                touched.setdefault(key, before is not None)
                self._documents[key] = document
        if not touched:
            return
        self.version += 1
        self._parts.clear()
        self._log.append((self.version, touched))
        self._logged += len(touched)
        while self._logged > _LEAST_LOGGED + _LOGGED_FOR_EACH * len(self._documents):
            self._oldest, dropped = self._log.popleft()
            self._logged -= len(dropped)

    def since(self, version: int | None) -> Sequence[Part]:
        """What leads from this version to the present one; a snapshot if the version is too old or None."""
        if version is not None and not self._oldest <= version <= self.version:
            version = None
        found = self._parts.get(version)
        if found is None:
            parts = self._snapshot() if version is None else self._delta(version)
            found = self._parts[version] = tuple(parts)
        return found

    def _snapshot(self) -> Iterator[Part]:
        first, *others = _chunks(list(self._documents.values()))
        yield Part("snapshot", b'"data":[%b]}' % b",".join(first))
        for chunk in others:
            yield Part("delta", b'"changed":[%b],"removed":[]}' % b",".join(chunk))

    def _delta(self, version: int) -> Iterator[Part]:
        existed: dict[bytes, bool] = {}
        for number, touched in self._log:
            if number > version:
                for key, before in touched.items():
                    existed.setdefault(key, before)
        changed = [self._documents[key] for key in existed if key in self._documents]
        removed = [key for key, before in existed.items() if before and key not in self._documents]
        if not changed and not removed:
            return
        first, *others = _chunks(changed)
        yield Part("delta", b'"changed":[%b],"removed":[%b]}' % (b",".join(first), b",".join(removed)))
        for chunk in others:
            yield Part("delta", b'"changed":[%b],"removed":[]}' % b",".join(chunk))


def _chunks(documents: Sequence[bytes]) -> list[list[bytes]]:
    """The documents in lists of bounded size; one empty list if there are none."""
    chunks: list[list[bytes]] = [[]]
    size = 0
    for document in documents:
        if chunks[-1] and size + len(document) > MAX_PART_BYTES:
            chunks.append([])
            size = 0
        chunks[-1].append(document)
        size += len(document)
    return chunks
