"""Files with secrets: read with a bound and a check of who can change them, and replaced as a whole."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from celery_monitor.settings.problem import SettingsError


def read_private(file: Path, what: str, most: int, *, missing: str | None = None) -> str:
    """The text of a file of at most ``most`` bytes. ``what``: the words for it in messages.

    ``missing``: the text of a file that is not there; None: it has to be there.

    Raises:
        SettingsError: it cannot be read, every user can change it, or it is too long or no text.
    """
    try:
        with file.open("rb") as stream:
            # Of the file that is read: another one may take its place at any time.
            mode, content = os.fstat(stream.fileno()).st_mode, stream.read(most + 1)
    except OSError as error:
        if missing is not None and isinstance(error, FileNotFoundError):
            return missing
        raise SettingsError(f"{what} {file} cannot be read: {error.strerror}") from None
    if mode & stat.S_IWOTH:
        raise SettingsError(f"every user can change {what} {file}: run `chmod 600 {file}`")
    if len(content) > most:
        raise SettingsError(f"{what} {file} has more than {most} bytes: shorten it")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise SettingsError(f"{what} {file} is no UTF-8 text: write it again") from None


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """An empty draft in the same folder, which takes the place of the file at the end of the block.

    The draft can be read by its owner only. It raises OSError if the folder or the disk takes no file.
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
