"""The CeleryDeployment that the monitor belongs to, and what users ask of the operator."""

from functools import partial
from typing import Any

from celery_health.verdicts.text import is_or_are, listed
from celery_health.wire.group_requests import GroupAction
from celery_monitor.control.refused import RefusedError
from celery_monitor.live.group_requests import TooManyRequestsError
from celery_monitor.live.resource import ResourceView
from celery_monitor.settings import Role
from celery_monitor.web.models.base import NoBody, NoQuery
from celery_monitor.web.models.resource import GroupRequest, Resource, ScaleBody
from celery_monitor.web.problems import ProblemError, unavailable
from celery_monitor.web.routes.paths import MONITORING
from celery_monitor.web.routing import Call, Reply, Route


async def get_resource(call: Call[NoQuery, NoBody]) -> Resource:
    """The resource as the operator last described it."""
    return Resource.of(known_resource(call))


def known_resource(call: Call[Any, Any]) -> ResourceView:
    """The last push. Raises ProblemError (404, 503) while there is none."""
    view = call.services.live.resource()
    if view is not None:
        return view
    if call.services.push is None:
        raise ProblemError(
            404,
            "This monitor is not run by the operator, so it knows of no CeleryDeployment. In a cluster, set "
            "spec.monitor.enabled of the CeleryDeployment to true: the operator then runs one.",
        )
    raise unavailable(
        "The operator has not described its CeleryDeployment since the monitor started. It does so every 10 "
        "seconds: check that the operator runs, and that a NetworkPolicy allows it to reach port 8555 of the "
        "monitor's pod."
    )


async def pause_group(call: Call[NoQuery, NoBody]) -> Reply[GroupRequest]:
    """Ask that no worker of a group is healed."""
    return _ask(call, GroupAction.PAUSE)


async def resume_group(call: Call[NoQuery, NoBody]) -> Reply[GroupRequest]:
    """Ask that the workers of a group are healed again."""
    return _ask(call, GroupAction.RESUME)


async def restart_group(call: Call[NoQuery, NoBody]) -> Reply[GroupRequest]:
    """Ask for a rollout that replaces the pods of a group."""
    return _ask(call, GroupAction.RESTART)


async def scale_group(call: Call[NoQuery, ScaleBody]) -> Reply[GroupRequest]:
    """Ask for another number of pods."""
    call.note.detail = f"to {call.body.replicas}"
    return _ask(call, GroupAction.SCALE, call.body.replicas)


def _ask(call: Call[Any, Any], action: GroupAction, replicas: int | None = None) -> Reply[GroupRequest]:
    view, name, now = known_resource(call), call.path["name"], call.services.clock()
    groups = [group.name for group in view.push.groups]
    if name not in groups:
        raise ProblemError(
            404, f"There is no worker group of this name: there {is_or_are(len(groups))} {listed(groups)}."
        )
    if view.stale:
        raise unavailable(
            f"The operator has sent nothing for {now - view.received_at:.0f} s: check that it runs."
        )
    try:
        request = call.services.actions.groups.ask(action, name, replicas, call.caller.name, now)
    except TooManyRequestsError:
        raise RefusedError("Too many requests wait for the operator: try again in a minute.") from None
    call.note.detail = f"{call.note.detail} request {request.id}".strip()
    return Reply(GroupRequest.model_validate(request), status=202)


_GROUP = f"{MONITORING}/groups/{{name}}"
_request = partial(Route, method="POST", role=Role.OPERATOR, statuses=(202,), errors=(404, 409, 503))

ROUTES = (
    Route(
        method="GET",
        path=f"{MONITORING}/resource",
        handler=get_resource,
        summary="The CeleryDeployment of the monitor: conditions, worker groups, pods and Events.",
        errors=(404, 503),
    ),
    _request(
        path=f"{_GROUP}/pause",
        handler=pause_group,
        summary="Have the operator pause healing of a worker group.",
    ),
    _request(
        path=f"{_GROUP}/resume",
        handler=resume_group,
        summary="Have the operator resume healing of a worker group.",
    ),
    _request(
        path=f"{_GROUP}/restart",
        handler=restart_group,
        summary="Have the operator replace the pods of a worker group in a rollout.",
    ),
    _request(
        path=f"{_GROUP}/scale",
        handler=scale_group,
        summary="Have the operator change the number of pods of a worker group.",
    ),
)
