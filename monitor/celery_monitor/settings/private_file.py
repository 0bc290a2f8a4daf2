"""Replaces a file that only its owner can read: by all of the new content, or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """An empty draft in the same folder, which takes the place of the file at the end of the block.

    It raises OSError if the folder or the disk takes no file.
    """
    with tempfile.TemporaryDirectory(prefix=".draft-", dir=file.parent) as folder:
        draft = Path(folder) / file.name
        draft.touch(mode=0o600)
        yield draft
        with draft.open("rb") as stream:
            os.fsync(stream.fileno())
        draft.replace(file)
    _sync_folder(file.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
