"""The settings of the monitor itself: read, saved, and tried before they are saved."""

from collections.abc import Callable, Mapping

from celery_health.redaction import printable
from celery_monitor.control.trial_connection import try_management, try_url
from celery_monitor.settings import Role, SettingsError
from celery_monitor.settings.options import OPTIONS
from celery_monitor.settings.own import OwnSettings, RefusedChangesError
from celery_monitor.web.models.base import NoBody, NoQuery
from celery_monitor.web.models.settings import Connection, ConnectionBody, Setting, Settings, SettingsBody
from celery_monitor.web.problems import FieldProblem, ProblemError
from celery_monitor.web.routes.paths import MONITORING
from celery_monitor.web.routing import Call, Route

_IN_A_CLUSTER = "In a cluster the operator decides on the settings: use the kubectl command of the setting."
_URLS = frozenset(one.key for one in OPTIONS if one.url)
_NO_FILE = "There is no settings file: start the monitor with --settings-file, or set XDG_DATA_HOME."


async def get_settings(call: Call[NoQuery, NoBody]) -> Settings:
    """Every setting, where its value comes from, and how it is changed."""
    return await _document(call.services.settings)


async def save_settings(call: Call[NoQuery, SettingsBody]) -> Settings:
    """Save settings for the next start of the monitor."""
    own, values = call.services.settings, call.body.values
    call.note.subject = ", ".join(map(printable, values))
    _check_may_save(own)
    try:
        await own.save(values)
    except RefusedChangesError as error:
        raise _refused(error, "body.values.{}".format) from None
    except SettingsError as error:
        raise _damaged(error) from None
    call.note.detail = _summary(values)
    return await _document(own)


async def try_connection(call: Call[NoQuery, ConnectionBody]) -> Connection:
    """Connect to a server whose URL is not saved yet."""
    own, body = call.services.settings, call.body
    call.note.subject = printable(body.name)
    _check_may_save(own)
    if body.name not in _URLS:
        raise ProblemError(
            422, f"There is no such setting with a URL: use one of {', '.join(sorted(_URLS))}."
        )
    try:
        await own.check({body.name: body.url})
    except RefusedChangesError as error:
        raise _refused(error, lambda _: "body.url") from None
    except SettingsError as error:
        raise _damaged(error) from None
    if body.name == "management_url":
        reading = await try_management(body.url, call.services.application.connection.broker)
    else:
        reading = await try_url(body.url)
    call.note.detail = f"{reading.address}: {reading.reason}"
    return Connection(ok=reading.reachable is True, message=reading.message)


def _check_may_save(own: OwnSettings) -> None:
    """Raises ProblemError (409) where no setting can be saved."""
    if own.file is None:
        raise ProblemError(409, _IN_A_CLUSTER if own.in_cluster else _NO_FILE)


def _refused(error: RefusedChangesError, where: Callable[[str], str]) -> ProblemError:
    """422, with the message of each setting. ``where`` a setting is in the body."""
    fields = tuple(
        FieldProblem(where=where(printable(name)), message=message)
        for name, message in error.problems.items()
    )
    return ProblemError(422, str(error), errors=fields)


def _damaged(error: SettingsError) -> ProblemError:
    text = str(error).rstrip(".")
    return ProblemError(409, f"{text[:1].upper()}{text[1:]}.")


async def _document(own: OwnSettings) -> Settings:
    settings, problem = await own.read()
    return Settings(
        settings=[Setting.of(one) for one in settings],
        in_cluster=own.in_cluster,
        file=None if own.file is None else str(own.file),
        problem=problem,
    )


def _summary(values: Mapping[str, str | None]) -> str:
    """What was saved, for the audit. Of URLs only the name."""
    return ", ".join(
        f"{name} no longer saved" if text is None else name if name in _URLS else f"{name} {text}"
        for name, text in values.items()
    )


_PATH = f"{MONITORING}/settings"

ROUTES = (
    Route(
        method="GET",
        path=_PATH,
        handler=get_settings,
        summary="Every setting of the monitor, where its value comes from, and how it is changed.",
    ),
    Route(
        method="PUT",
        path=_PATH,
        handler=save_settings,
        summary="Save settings for the next start of the monitor. Either all are saved or none.",
        role=Role.ADMIN,
        errors=(409,),
    ),
    Route(
        method="POST",
        path=f"{_PATH}/test",
        handler=try_connection,
        summary="Whether the server of a URL that is not saved yet answers and accepts the login.",
        role=Role.ADMIN,
        errors=(409,),
    ),
)
