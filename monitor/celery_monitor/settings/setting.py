"""One option of the program, what else is to be known of it, and where its value came from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import click
from click.core import ParameterSource

from celery_monitor.settings.problem import SettingsError

PREFIX = "CELERY_MONITOR"
Kind = Literal["text", "list", "flag", "choice", "url", "secret"]
_GIVEN = "celery_monitor.given"


class ValueSource(StrEnum):
    """Where the value of a setting comes from."""

    OPTION = "option"
    ENVIRONMENT = "environment"
    RESOURCE = "resource"
    """In a cluster: a field of the CeleryDeployment."""
    APPLICATION = "application"
    FILE = "file"
    """The settings file, which the page writes."""
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it was written. Several values have commas in between."""

    source: ValueSource
    text: str = field(repr=False)


_SOURCES: Mapping[ParameterSource, ValueSource] = {
    ParameterSource.COMMANDLINE: ValueSource.OPTION,
    ParameterSource.ENVIRONMENT: ValueSource.ENVIRONMENT,
    ParameterSource.DEFAULT_MAP: ValueSource.FILE,
}


class Setting(click.Option):
    """An option, with an environment variable.

    ``saved``: whether the page may save it, and the settings file may have it. ``secret``: its value is never
    shown. ``url``: the value is the URL of a server. ``common``: variables that other programs read too,
    and that count after the option's own. ``field``: the field of the CeleryDeployment's spec that the
    operator makes the value from.
    """

    def __init__(
        self,
        *names: str,
        saved: bool = False,
        secret: bool = False,
        url: bool = False,
        common: tuple[str, ...] = (),
        field: str | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(names, show_envvar=True, **arguments)
        self.saved = saved
        self.secret = secret
        self.url = url
        self.common = common
        self.field = field

    @property
    def key(self) -> str:
        """The name, such as ``retention_days``."""
        return self.name or ""

    @property
    def variable(self) -> str:
        """The environment variable of its own."""
        return f"{PREFIX}_{self.key.upper()}"

    @property
    def kind(self) -> Kind:
        """How its value is written."""
        if self.secret:
            return "secret"
        if self.url:
            return "url"
        if self.is_flag:
            return "flag"
        return "choice" if self.choices else "list" if self.multiple else "text"

    @property
    def choices(self) -> list[str]:
        """All possible values, where there are few."""
        return [str(one) for one in self.type.choices] if isinstance(self.type, click.Choice) else []

    @property
    def default_text(self) -> str:
        """The default as it would be written; empty if there is none."""
        return self.default if isinstance(self.default, str) else ""

    def converted(self, text: str) -> Any:
        """The value of a text.

        Raises:
            SettingsError: the text cannot be used. The message says what to write instead.
        """
        context = click.Context(click.Command(PREFIX), auto_envvar_prefix=PREFIX)
        try:
            return self.process_value(context, self.split(text))
        except click.BadParameter as error:
            raise SettingsError(error.message) from None

    def split(self, text: str) -> str | Sequence[str]:
        """The values of a text, where there may be several."""
        return self.type.split_envvar_value(text) if self.multiple else text

    @property
    def unset(self) -> Any:
        """The value where nothing is given."""
        if self.is_flag:
            return False
        return self.converted(self.default_text) if self.default_text else () if self.multiple else None

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> tuple[Any, ParameterSource]:
        """As click does; notes what was given."""
        value, source = super().consume_value(ctx, opts)
        if source in _SOURCES:
            text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            ctx.meta.setdefault(_GIVEN, {})[self.key] = Given(_SOURCES[source], text)
        return value, source


def given_of(context: click.Context) -> Mapping[str, Given]:
    """What was given to the settings of a command line."""
    found: Mapping[str, Given] = context.meta.get(_GIVEN, {})
    return found


class Checked(click.ParamType[Any]):
    """A value that a function converts. The ValueError of the function says what to write instead."""

    def __init__(self, name: str, convert: Callable[[str], object]) -> None:
        self.name = name
        self._convert = convert

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The converted value, or a usage error."""
        if not isinstance(value, str):
            return value
        try:
            return self._convert(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def split_envvar_value(self, rv: str) -> list[str]:
        """A variable gives several values with commas or blanks in between."""
        return rv.replace(",", " ").split()
