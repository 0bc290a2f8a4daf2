"""Alerts, silences, and a test of each channel."""

import secrets
from collections.abc import Iterable

from msgspec import structs

from celery_health.alerts.rule import AlertSeverity
from celery_health.redaction import printable
from celery_monitor.alerts.notification import Alert as SentAlert
from celery_monitor.alerts.notification import ChannelError, Notification
from celery_monitor.alerts.wording import ALL_RULES, Wording, place
from celery_monitor.records.alerts import AlertRecord, AlertState, SilenceMatcher
from celery_monitor.records.alerts import Silence as StoredSilence
from celery_monitor.settings import Role
from celery_monitor.web.models.alerts import (
    Alert,
    AlertChannel,
    Alerts,
    ChannelTest,
    Silence,
    SilenceBody,
)
from celery_monitor.web.models.base import NoBody, NoQuery
from celery_monitor.web.problems import ProblemError
from celery_monitor.web.routes.paths import MONITORING
from celery_monitor.web.routing import Call, Reply, Route

_HOUR = 3_600.0
_MOST_SHOWN = 200


async def list_alerts(call: Call[NoQuery, NoBody]) -> Alerts:
    """All alerts with silences and channels."""
    keeper, now = call.services.alerts, call.services.clock()
    silences = await keeper.silences()
    records = sorted(await keeper.alerts(), key=_changed, reverse=True)
    wording = keeper.wording

    def documents(state: AlertState) -> list[Alert]:
        found = [one for one in records if one.state is state]
        return [_document(one, wording, silences, now) for one in found[:_MOST_SHOWN]]

    return Alerts(
        firing=documents(AlertState.FIRING),
        pending=documents(AlertState.PENDING),
        recent=documents(AlertState.RESOLVED),
        silences=[Silence.of(one) for one in silences],
        channels=[AlertChannel.of(one) for one in keeper.channels],
    )


async def add_silence(call: Call[NoQuery, SilenceBody]) -> Reply[Silence]:
    """Silence all alerts that meet the matchers."""
    body, now = call.body, call.services.clock()
    silence = StoredSilence(
        id=secrets.token_hex(8),
        matchers=tuple(SilenceMatcher(label=one.label, value=one.value) for one in body.matchers),
        at=now,
        until=now + body.hours * _HOUR,
        comment=body.comment,
        identity=call.caller.name,
    )
    call.note.subject = _matchers(silence)
    call.note.detail = f"{body.hours:g} h: {printable(body.comment)}"
    if not await call.services.alerts.add_silence(silence):
        raise ProblemError(409, "There are too many silences: delete some that are no longer needed.")
    return Reply(Silence.of(silence), status=201)


async def end_silence(call: Call[NoQuery, NoBody]) -> Silence:
    """End a silence now."""
    silence = await call.services.alerts.end_silence(call.path["silence_id"])
    if silence is None:
        raise ProblemError(404, "There is no silence with this id, or it has ended.")
    call.note.subject = _matchers(silence)
    return Silence.of(silence)


async def try_channel(call: Call[NoQuery, NoBody]) -> ChannelTest:
    """Send a message that says that it is a test."""
    name = call.path["channel"]
    delivery = call.services.alerts.delivery(name)
    if delivery is None:
        raise ProblemError(404, "There is no channel with this name.")
    try:
        await delivery.try_once(_sample(call.services.alerts.wording, call.services.clock()))
    except ChannelError as error:
        call.note.detail = "failed"
        return ChannelTest(ok=False, message=str(error))
    return ChannelTest(ok=True, message="The message has arrived.")


def _changed(record: AlertRecord) -> float:
    """When the alert got its state."""
    if record.state is AlertState.PENDING:
        return record.began
    return record.ended or record.fired or record.began


def _document(record: AlertRecord, wording: Wording, silences: Iterable[StoredSilence], now: float) -> Alert:
    if record.state is AlertState.PENDING:  # its times are those of the last time that it fired
        record = structs.replace(record, fired=None, ended=None)
    alert = wording.alert(record)
    silence = wording.silence(record.key, silences, now)
    return Alert(
        rule=alert.rule,
        labels=dict(alert.labels),
        severity=alert.severity,
        state=record.state,
        began=record.began,
        fired=record.fired,
        ended=record.ended,
        summary=alert.summary,
        description=alert.description,
        command=alert.command,
        place=place(alert.labels),
        runbook=alert.runbook_url or f"docs/{ALL_RULES[alert.rule].runbook}",
        silenced_until=None if silence is None else silence.until,
    )


def _sample(wording: Wording, now: float) -> Notification:
    alert = SentAlert(
        rule="CeleryMonitorTest",
        labels=wording.application,
        severity=AlertSeverity.WARNING,
        status="firing",
        since=now,
        summary="This is a test of an alert channel",
        description="A person has asked the monitor to send this message. Nothing is wrong.",
        command=wording.command,
        page_url=None if wording.page_url is None else f"{wording.page_url}/monitoring/alerts",
    )
    return Notification((alert,), now)


def _matchers(silence: StoredSilence) -> str:
    return ", ".join(f"{one.label}={printable(one.value)}" for one in silence.matchers)


_PATH = f"{MONITORING}/alerts"

ROUTES = (
    Route(
        method="GET",
        path=_PATH,
        handler=list_alerts,
        summary="The alerts that fire, are pending or were resolved, with silences and channels.",
        errors=(503,),
    ),
    Route(
        method="POST",
        path=f"{_PATH}/silences",
        handler=add_silence,
        summary="Send no messages about some alerts for a time.",
        role=Role.OPERATOR,
        statuses=(201,),
        errors=(409, 503),
    ),
    Route(
        method="DELETE",
        path=f"{_PATH}/silences/{{silence_id}}",
        handler=end_silence,
        summary="End a silence.",
        role=Role.OPERATOR,
        errors=(404, 503),
    ),
    Route(
        method="POST",
        path=f"{_PATH}/channels/{{channel}}/test",
        handler=try_channel,
        summary="Send a test message through a channel.",
        role=Role.ADMIN,
        errors=(404,),
    ),
)
