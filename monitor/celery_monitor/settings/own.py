"""The settings of the running program: what is in effect, and what the next start will use."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from celery_health.survey.app_connection import AppConnection, resolve
from celery_health.survey.app_loading import ConfigurationError
from celery_monitor.settings.effective import EffectiveSetting, Resource, Situation
from celery_monitor.settings.groups import Settings
from celery_monitor.settings.options import OPTIONS
from celery_monitor.settings.problem import SettingsError
from celery_monitor.settings.reading import read_settings
from celery_monitor.settings.saved import check_text, read_saved
from celery_monitor.settings.setting import ValueSource
from celery_monitor.settings.writing import write_saved

Changes = Mapping[str, str | None]
"""The new texts by the names of the settings. None: the setting is no longer saved."""


class RefusedChangesError(Exception):
    """Nothing was saved. ``problems``: what to write instead, by the names of the settings.

    ``message`` is a sentence where no single setting is wrong. There is no secret in either.
    """

    def __init__(self, problems: Mapping[str, str], message: str = "") -> None:
        super().__init__(message or "These settings cannot be saved: " + ", ".join(problems))
        self.problems = dict(problems)


class OwnSettings:
    """Reads and saves. ``resource`` names the CeleryDeployment in a cluster, and is None elsewhere."""

    def __init__(self, settings: Settings, resource: Callable[[], Resource] | None = None) -> None:
        self._settings = settings
        self._resource = resource
        self._writing = asyncio.Lock()

    @property
    def in_cluster(self) -> bool:
        """Whether the operator decides on the settings."""
        return self._resource is not None

    @property
    def file(self) -> Path | None:
        """The settings file, None if nothing can be saved here."""
        return None if self.in_cluster else self._settings.start.file

    async def read(self) -> tuple[list[EffectiveSetting], str | None]:
        """Every setting, and why the next start could not read the settings file."""
        try:
            return self._situation(await asyncio.to_thread(self._saved)).all(), None
        except SettingsError as error:
            given = self._settings.start.given
            saved = {name: one.text for name, one in given.items() if one.source is ValueSource.FILE}
            return self._situation(saved).all(), f"{error}."

    async def check(self, changes: Changes) -> None:
        """Check the changes as the next start will.

        Raises:
            RefusedChangesError: they cannot be saved.
            SettingsError: the settings file has been changed and cannot be read.
        """
        await asyncio.to_thread(self._check, changes)

    async def save(self, changes: Changes) -> None:
        """Check the changes, and write all of them or none.

        Raises:
            RefusedChangesError: they cannot be saved.
            SettingsError: the file cannot be read or written. It is as it was.
        """
        async with self._writing:
            await asyncio.to_thread(self._check_and_write, changes)

    def _saved(self) -> dict[str, str]:
        return read_saved(self.file, OPTIONS) if self.file is not None else {}

    def _situation(self, saved: Mapping[str, str]) -> Situation:
        return Situation(self._settings, self._resource() if self._resource is not None else None, saved)

    def _check_and_write(self, changes: Changes) -> None:
        self._check(changes)
        assert self.file is not None
        write_saved(self.file, changes, OPTIONS)

    def _check(self, changes: Changes) -> None:
        saved = self._saved()
        known = {one.setting.key: one for one in self._situation(saved).all()}
        problems = {name: problem for name in changes if (problem := _refusal(name, changes[name], known))}
        if problems:
            raise RefusedChangesError(problems)
        message = self._start_problem(_merged(saved, changes))
        if message is None:
            return
        for name, text in changes.items():
            if self._start_problem(_merged(saved, {name: text})) is not None:
                problems[name] = message
        raise RefusedChangesError(problems, message)

    def _start_problem(self, saved: Mapping[str, str]) -> str | None:
        """Why the program could not start with these saved settings."""
        start = self._settings.start
        options = dict(start.options)
        for one in self._situation(saved).all():
            if one.may_save:
                text = saved.get(one.setting.key)
                options[one.setting.key] = one.setting.unset if text is None else one.setting.converted(text)
        try:
            read_settings(options, start.environment, self._trial_connection)
        except (SettingsError, ConfigurationError) as error:
            return str(error)
        return None

    def _trial_connection(
        self, options: Mapping[str, object], environment: Mapping[str, str]
    ) -> AppConnection:
        """The connection without its application, which is loaded already."""
        running = self._settings.connection
        broker, backend = (str(options[name] or "") for name in ("broker", "result_backend"))
        if running.app is not None:
            broker = broker or running.broker_url
        return resolve(None, None, broker, backend, environment)


def _refusal(name: str, text: str | None, known: Mapping[str, EffectiveSetting]) -> str | None:
    found = known.get(name)
    if found is None:
        names = [key for key, one in known.items() if one.may_save]
        return (
            f"There is no setting of this name: use {', '.join(names)}." if names else "It cannot be saved."
        )
    if not found.may_save:
        return f"It cannot be saved here. {found.change}"
    if text is None:
        return None
    try:
        check_text(found.setting, text)
    except SettingsError as error:
        return str(error)
    return None


def _merged(saved: Mapping[str, str], changes: Changes) -> dict[str, str]:
    return {name: text for name, text in {**saved, **changes}.items() if text is not None}
