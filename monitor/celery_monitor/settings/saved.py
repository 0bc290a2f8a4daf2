"""The settings file: what the page has saved. It counts after options and environment variables.

It has a line ``CELERY_MONITOR_NAME='VALUE'`` for each setting, as python-dotenv reads them. Users may write
comments and settings into it too.
"""

import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import click
from dotenv.parser import parse_stream

from celery_health.masking import MASK
from celery_health.survey.app_loading import ConfigurationError
from celery_health.urls import BrokerKind, UrlError, parse
from celery_monitor.settings.data_folder import data_folder
from celery_monitor.settings.private_file import read_private
from celery_monitor.settings.problem import SettingsError
from celery_monitor.settings.setting import Checked, Setting

FILE_NAME = "settings.env"
MOST_CHARACTERS = 4096
"""The characters of one value."""
_MOST_BYTES = 256 * 1024


def load_saved(context: click.Context, _: click.Parameter, file: Path | None) -> Path | None:
    """Take the values of the settings file as defaults of the command line. Returns the file."""
    try:
        path = file or data_folder() / FILE_NAME
    except SettingsError:
        return None
    known = {one.key: one for one in context.command.params if isinstance(one, Setting)}
    try:
        saved = read_saved(path, known.values())
    except SettingsError as error:
        raise ConfigurationError(f"{error}.") from None
    context.default_map = {
        key: known[key].split(text) for key, text in saved.items() if not replaced_by(known[key], os.environ)
    }
    return path


def replaced_by(setting: Setting, environment: Mapping[str, str]) -> str | None:
    """The common variable that is set, because of which a saved value does not count."""
    return next((name for name in setting.common if environment.get(name)), None)


def read_saved(file: Path, settings: Iterable[Setting]) -> dict[str, str]:
    """The texts of the file by the names of the settings. A file that is not there has none.

    Raises:
        SettingsError: it cannot be read, every user can change it, or one of its lines cannot be used.
    """
    known = {one.variable: one for one in settings if one.saved}
    found: dict[str, str] = {}
    text = read_private(file, "the settings file", _MOST_BYTES, missing="")
    for binding in parse_stream(io.StringIO(text)):
        original = binding.original
        empty = original.string[: len(original.string) - len(original.string.lstrip())].count("\n")
        place = f"line {original.line + empty} of {file}"
        if binding.error:
            raise SettingsError(f"{place} cannot be read: write {next(iter(known))}='VALUE'")
        if binding.key is None or not binding.value:
            continue
        setting = known.get(binding.key)
        if setting is None:
            raise SettingsError(
                f"{place} names no setting that can be in this file: use one of {', '.join(known)}"
            )
        try:
            check_text(setting, binding.value)
        except SettingsError as error:
            raise SettingsError(f"{setting.variable} in {file} cannot be used: {error}") from None
        found[setting.key] = binding.value
    return found


def check_text(setting: Setting, text: str) -> None:
    """Check one value by itself.

    Raises:
        SettingsError: it cannot be saved. The message says what to write instead, without the text of URLs.
    """
    if len(text) > MOST_CHARACTERS:
        raise SettingsError(f"the value has more than {MOST_CHARACTERS} characters: shorten it")
    if not text.strip() or not text.isprintable():
        raise SettingsError("the value is empty or has characters that cannot be printed: write one line")
    setting.converted(text)
    if setting.url:
        _check_url(setting, text)


def _check_url(setting: Setting, text: str) -> None:
    if f"{MASK}@" in text or f"={MASK}" in text:
        raise SettingsError(f"{MASK} stands for a password that is not shown: write the password itself")
    if isinstance(setting.type, Checked):
        return
    try:
        kind = parse(text).kind
    except UrlError as error:
        raise SettingsError(str(error)) from None
    # Celery takes any other scheme for the name of a class, which it imports.
    if kind is BrokerKind.OTHER:
        raise SettingsError(
            "write a URL that begins with redis, rediss, sentinel, amqp, postgresql or sqlite"
        )
