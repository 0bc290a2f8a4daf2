"""What the sidecars of one resource's pods last said of their processes."""

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Generic, TypeVar

from celery_operator.kinds import Json
from celery_operator.observe.latest import Answer, Latest, settle
from celery_operator.observe.sidecars import SidecarError, Sidecars

Reading = TypeVar("Reading")


class Reports(Generic[Reading]):
    """The reports of one kind of pods, asked for all at once.

    ``read`` reads the JSON of ``/report`` and raises SidecarError for what it cannot read. ``as_of_now`` lets
    a reading grow as old as its answer is.
    """

    def __init__(
        self,
        sidecars: Sidecars,
        read: Callable[[Json], Reading],
        as_of_now: Callable[[Answer[Reading]], Reading],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sidecars = sidecars
        self._read = read
        self._as_of_now = as_of_now
        self._clock = clock
        self._pods: dict[str, Latest[Reading | None]] = {}

    async def look(self, pods: Iterable[Json]) -> dict[str, Reading]:
        """Readings by pod uid; a pod that does not run, or whose sidecar does not answer, has none.

        One that answers slowly, or has just ceased to, has its reading of the look before.
        """
        running = {pod["metadata"]["uid"]: pod for pod in pods if _runs(pod)}
        for uid in self._pods.keys() - running:
            self._pods.pop(uid).close()
        questions = []
        for uid, pod in running.items():
            latest = self._pods.setdefault(uid, Latest(self._clock))
            before = latest.answer()
            silent = before is not None and before.value is None
            questions.append(latest.ask(partial(self._ask, pod, silent=silent)))
        await settle(questions)
        answers = {uid: latest.answer() for uid, latest in self._pods.items()}
        return {
            uid: self._as_of_now(Answer(answer.value, answer.seconds_ago, answer.late))
            for uid, answer in answers.items()
            if answer is not None and answer.value is not None
        }

    def close(self) -> None:
        """Ask no more."""
        for latest in self._pods.values():
            latest.close()

    async def _ask(self, pod: Json, *, silent: bool) -> Reading | None:
        try:
            return self._read(await self._sidecars.fetch(pod, silent=silent))
        except SidecarError:
            return None


def _runs(pod: Json) -> bool:
    return pod["status"].get("phase") == "Running" and bool(pod["status"].get("podIP"))
