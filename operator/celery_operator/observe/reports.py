"""The latest readings of the sidecars of one resource's pods."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from celery_operator.kinds import Json
from celery_operator.observe.latest import Answer, Latest, settle
from celery_operator.observe.sidecars import SidecarError, Sidecars

Reading = TypeVar("Reading")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PodReadings(Generic[Reading]):
    """Readings by pod uid, and for running pods without one the cause, by pod uid."""

    readings: Mapping[str, Reading]
    errors: Mapping[str, str]


class Reports(Generic[Reading]):
    """The reports of one kind of pods, all read at once.

    ``read`` makes a reading of the body of ``/report`` and raises SidecarError for one that is unreadable.
    ``as_of_now`` ages a reading by the time since its answer.
    """

    def __init__(
        self,
        sidecars: Sidecars,
        read: Callable[[bytes], Reading],
        as_of_now: Callable[[Answer[Reading]], Reading],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sidecars = sidecars
        self._read = read
        self._as_of_now = as_of_now
        self._clock = clock
        self._pods: dict[str, Latest[Reading | SidecarError]] = {}

    async def refresh(self, pods: Iterable[Json], token: str) -> PodReadings[Reading]:
        """Read all running pods. ``token`` is that of their sidecars.

        A sidecar that answers slowly, or has just stopped, has its last reading.
        """
        running = {pod["metadata"]["uid"]: pod for pod in pods if _runs(pod)}
        for uid in self._pods.keys() - running:
            self._pods.pop(uid).close()
        questions = []
        for uid, pod in running.items():
            latest = self._pods.setdefault(uid, Latest(self._clock))
            before = latest.answer()
            failed = before is not None and isinstance(before.value, SidecarError)
            questions.append(latest.ask(partial(self._fetch, pod, token, failed_before=failed)))
        await settle(questions)
        readings: dict[str, Reading] = {}
        errors: dict[str, str] = {}
        for uid, latest in self._pods.items():
            answer = latest.answer()
            if answer is None:
                errors[uid] = "no answer yet"
            elif isinstance(answer.value, SidecarError):
                errors[uid] = str(answer.value)
            else:
                readings[uid] = self._as_of_now(Answer(answer.value, answer.seconds_ago, answer.late))
        return PodReadings(readings, errors)

    def close(self) -> None:
        """Give up the readings that are under way."""
        for latest in self._pods.values():
            latest.close()

    async def _fetch(self, pod: Json, token: str, *, failed_before: bool) -> Reading | SidecarError:
        try:
            return self._read(await self._sidecars.fetch(pod, token, failed_before=failed_before))
        except SidecarError as error:
            return error
        except Exception as error:
            # The fault is the operator's own. It must not keep other pods from being read.
            _log.exception("the answer of pod %s could not be read", pod["metadata"]["name"])
            return SidecarError(f"the operator failed to read the answer ({type(error).__name__})")


def _runs(pod: Json) -> bool:
    return pod["status"].get("phase") == "Running" and bool(pod["status"].get("podIP"))
