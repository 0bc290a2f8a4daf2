"""The bodies of orders. Drain and undrain have none."""

from typing import Annotated

import msgspec
from msgspec import Meta

from celery_health.wire.bounds import LONGEST_RESTART_HOLD, ORDER_BYTES
from celery_health.wire.documents import Format


class RestartHoldBody(msgspec.Struct, frozen=True):
    """For ``seconds`` seconds no verdict fails the liveness probe; 0 ends the restart hold."""

    seconds: Annotated[float, Meta(ge=0, le=LONGEST_RESTART_HOLD)]


RESTART_HOLD_ORDER = Format("order", RestartHoldBody, ORDER_BYTES)
