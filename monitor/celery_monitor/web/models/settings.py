"""The settings of the monitor itself."""

from typing import Annotated, Literal

from pydantic import Field

from celery_monitor.settings.effective import EffectiveSetting
from celery_monitor.settings.options import GROUPS
from celery_monitor.settings.setting import ValueSource
from celery_monitor.web.models.base import Body, Document

_Name = Annotated[str, Field(min_length=1, max_length=100)]
_GROUPS = ", ".join(f"`{one}`" for one in GROUPS)
_Value = Annotated[str, Field(max_length=4096)]


class Setting(Document):
    """A setting as it is in effect. No secret is in any field."""

    name: str = Field(description="Such as `retention_days`.")
    group: str = Field(description=f"One of {_GROUPS}.")
    option: str = Field(description="The option of the command line.")
    variable: str = Field(description="The environment variable.")
    help: str = Field(description="What it means.")
    kind: Literal["text", "list", "flag", "choice", "url", "secret"] = Field(
        description="`list`: several values with commas in between; `flag`: `true` or `false`."
    )
    choices: list[str] = Field(description="The values of a choice.")
    default: str = Field(description="The default, empty if there is none.")
    value: str = Field(description="The value in effect, empty if none is set; secrets are masked.")
    source: ValueSource = Field(description="Where the value comes from.")
    place: str = Field(description="The option, variable, field or file that the source means.")
    may_save: bool = Field(description="Whether `PUT` can change it.")
    change: str = Field(description="How it is changed otherwise.")
    command: str = Field(description="In a cluster: the command that changes it.")
    after_restart: str | None = Field(description="The value of the next start, null if it is the same.")

    @classmethod
    def of(cls, one: EffectiveSetting) -> "Setting":
        """The setting as a document."""
        setting = one.setting
        return cls(
            name=setting.key,
            group=one.group,
            option=setting.opts[-1],
            variable=setting.variable,
            help=(setting.help or "").partition("  [default: ")[0],
            kind=setting.kind,
            choices=setting.choices,
            default=setting.default_text,
            value=one.value,
            source=one.source,
            place=one.place,
            may_save=one.may_save,
            change=one.change,
            command=one.command,
            after_restart=one.after_restart,
        )


class Settings(Document):
    """All settings, in the order of the options."""

    settings: list[Setting] = Field(description="Every setting.")
    in_cluster: bool = Field(description="Whether the operator decides on the settings.")
    file: str | None = Field(description="The file of saved settings, null if none can be saved.")
    problem: str | None = Field(description="Why the next start could not read the file, null if it can.")


class SettingsBody(Body):
    """The new values. Settings that are left out stay as they are saved."""

    values: dict[_Name, _Value | None] = Field(
        min_length=1,
        max_length=100,
        description="By the names of the settings, as the environment variable has them; null: no longer "
        "saved.",
    )


class ConnectionBody(Body):
    """A URL that need not be saved."""

    name: _Name = Field(description="The setting that the URL is for, such as `broker`.")
    url: _Value = Field(min_length=1, description="The URL.")


class Connection(Document):
    """Whether a server answers."""

    ok: bool = Field(description="Whether it answers and accepts the login.")
    message: str = Field(description="One sentence.")
