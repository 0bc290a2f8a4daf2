"""Each setting as it is in effect: its value, where that comes from, and how it is changed."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import click

from celery_health.masking import MASK
from celery_health.redaction import MAX_SHOWN, printable, redact
from celery_monitor.settings.groups import Settings
from celery_monitor.settings.options import GROUPS
from celery_monitor.settings.saved import replaced_by
from celery_monitor.settings.setting import Given, Setting, ValueSource


@dataclass(frozen=True, slots=True)
class Resource:
    """The CeleryDeployment that a monitor in a cluster belongs to."""

    namespace: str = "NAMESPACE"
    name: str = "NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveSetting:
    """One setting. No secret is in any text of it.

    ``value`` is empty where nothing is set. ``place``: the option, variable, file or field that ``source``
    means. ``change`` says how it is changed where the page cannot change it, and ``command`` is the command
    that does. ``after_restart``: the value that the next start will use, None if it is the same.
    """

    setting: Setting
    group: str
    value: str
    source: ValueSource
    place: str
    may_save: bool
    change: str = ""
    command: str = ""
    after_restart: str | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """What the settings of a program stand in. ``resource`` is None outside a cluster."""

    settings: Settings
    resource: Resource | None = None
    saved: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the settings file has now."""

    def all(self) -> list[EffectiveSetting]:
        """Every setting, in the order of the options."""
        return [self.effective(setting, group) for group, settings in GROUPS.items() for setting in settings]

    def effective(self, setting: Setting, group: str) -> EffectiveSetting:
        """One setting."""
        given = self._given(setting)
        place = self._place(setting, given)
        may_save = self._may_save(setting, given)
        return EffectiveSetting(
            setting=setting,
            group=group,
            value=shown(setting, given.text),
            source=given.source,
            place=place,
            may_save=may_save,
            change="" if may_save else self._change(setting, given, place),
            command=self._command(setting, given),
            after_restart=self._after_restart(setting, given) if may_save else None,
        )

    def _given(self, setting: Setting) -> Given:
        given = self.settings.start.given.get(setting.key)
        if given is None:
            return self._not_given(setting)
        if self.resource is not None and given.source is ValueSource.ENVIRONMENT and setting.field:
            return Given(ValueSource.RESOURCE, given.text)
        return given

    def _not_given(self, setting: Setting) -> Given:
        """The value of a setting that has neither an option nor a variable of its own."""
        settings, connection = self.settings, self.settings.connection
        text = {
            "broker": connection.broker_url,
            "result_backend": connection.result_backend_url or "",
            "database": settings.history.url,
            "settings_file": str(settings.start.file or ""),
        }.get(setting.key, setting.default_text)
        if setting.is_flag:
            text = "false"
        if self._replaced_by(setting):
            return Given(ValueSource.RESOURCE if self.resource is not None else ValueSource.ENVIRONMENT, text)
        if connection.app is not None and setting.key in {"broker", "result_backend"} and text:
            return Given(ValueSource.APPLICATION, text)
        return Given(ValueSource.DEFAULT, text)

    def _place(self, setting: Setting, given: Given) -> str:
        own = setting.key in self.settings.start.given
        return {
            ValueSource.OPTION: setting.opts[-1],
            ValueSource.ENVIRONMENT: setting.variable if own else self._replaced_by(setting) or "",
            ValueSource.RESOURCE: f"spec.{setting.field}",
            ValueSource.APPLICATION: self.settings.connection.name,
            ValueSource.FILE: str(self.settings.start.file),
            ValueSource.DEFAULT: "",
        }[given.source]

    def _may_save(self, setting: Setting, given: Given) -> bool:
        if self.resource is not None or self.settings.start.file is None or not setting.saved:
            return False
        fixed = given.source in {ValueSource.OPTION, ValueSource.ENVIRONMENT}
        return not fixed and not self._replaced_by(setting)

    def _replaced_by(self, setting: Setting) -> str | None:
        return replaced_by(setting, self.settings.start.environment)

    def _change(self, setting: Setting, given: Given, place: str) -> str:
        if self.resource is not None:
            if setting.field:
                return f"Change spec.{setting.field} of the CeleryDeployment."
            return (
                f"The operator starts the monitor. Set the variable {setting.variable} of the container "
                "monitor in spec.monitor.template of the CeleryDeployment."
            )
        if given.source is ValueSource.OPTION:
            return f"Change the option {place}, and restart the monitor."
        variable = place if given.source is ValueSource.ENVIRONMENT else self._replaced_by(setting)
        if variable:
            return f"Change the variable {variable} where the monitor is started, and restart the monitor."
        return f"Start the monitor with {setting.opts[-1]} or {setting.variable}."

    def _command(self, setting: Setting, given: Given) -> str:
        if self.resource is None:
            return ""
        at = f"celerydeployment/{self.resource.name} --namespace {self.resource.namespace}"
        # URLs, secrets and files may come from a Secret, and an editor shows which.
        from_secret = setting.url or setting.secret or isinstance(setting.type, click.Path)
        if not setting.field or from_secret or not given.text:
            return f"kubectl edit {at}"
        patch: Any = _json_value(setting, given.text)
        for name in reversed(f"spec.{setting.field}".split(".")):
            patch = {name: patch}
        return f"kubectl patch {at} --type merge --patch {shlex.quote(json.dumps(patch))}"

    def _after_restart(self, setting: Setting, given: Given) -> str | None:
        now = given.text if given.source is ValueSource.FILE else None
        saved = self.saved.get(setting.key)
        if saved == now or (
            saved is not None and now is not None and setting.split(saved) == setting.split(now)
        ):
            return None
        return shown(setting, saved if saved is not None else setting.default_text)


def shown(setting: Setting, text: str) -> str:
    """The text of a value without secrets."""
    if setting.secret:
        return MASK if text else ""
    return printable(redact(text))[:MAX_SHOWN]


def _json_value(setting: Setting, text: str) -> Any:
    if setting.multiple:
        return setting.split(text)
    value = setting.converted(text)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, bool | int) else text
