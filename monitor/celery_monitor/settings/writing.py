"""Writes the settings file: all changes or none of them."""

import errno
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from dotenv import set_key, unset_key

from celery_monitor.settings.private_file import replacing
from celery_monitor.settings.problem import SettingsError
from celery_monitor.settings.saved import read_saved
from celery_monitor.settings.setting import Setting

_REMEDIES = {
    errno.EROFS: "the file system is read-only: name a file elsewhere with --settings-file",
    errno.EACCES: "the monitor may not write there: correct the owner of the folder, or use --settings-file",
    errno.EPERM: "the monitor may not write there: correct the owner of the folder, or use --settings-file",
    errno.ENOSPC: "the disk is full: free some space",
    errno.EDQUOT: "the quota of the disk is used up: free some space",
}


def write_saved(file: Path, changes: Mapping[str, str | None], settings: Sequence[Setting]) -> None:
    """Write the changes into the file, which only its owner can read. Comments and other lines stay.

    Raises:
        SettingsError: it cannot be written, and is as it was.
    """
    try:
        _replace(Path(os.path.realpath(file)), changes, settings)
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, error.strerror or "the operating system gives no reason")
        raise SettingsError(
            f"The settings file {file} cannot be written, and nothing was saved: {remedy}."
        ) from None


def _replace(file: Path, changes: Mapping[str, str | None], settings: Sequence[Setting]) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with replacing(file) as draft:
        if file.exists():
            # The content alone: the mode of the draft stays.
            shutil.copyfile(file, draft)
        _change(draft, changes, settings)


def _change(draft: Path, changes: Mapping[str, str | None], settings: Sequence[Setting]) -> None:
    variables = {one.key: one.variable for one in settings}
    wanted = read_saved(draft, settings)
    for name, text in changes.items():
        if text is not None:
            set_key(draft, variables[name], text)
            wanted[name] = text
        elif name in wanted:
            unset_key(draft, variables[name])
            del wanted[name]
    if read_saved(draft, settings) != wanted:
        raise SettingsError(
            "The settings cannot be written so that they are read again: use other characters."
        )
