"""The Celery application that is monitored, and everything that the monitor can ask it."""

from collections.abc import Mapping
from dataclasses import dataclass

from celery_health.survey.app_connection import AppConnection
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS, FleetThresholds
from celery_monitor.control.allowed_tasks import AllowedTasks
from celery_monitor.control.results import Results
from celery_monitor.control.submit import Submitter
from celery_monitor.control.worker_answers import WorkerAnswers
from celery_monitor.live.fleet_check import FleetCheck
from celery_monitor.remote_control.remote_control import RemoteControl


@dataclass(frozen=True, kw_only=True)
class CeleryApplication:
    """One application. ``close`` it at the end."""

    connection: AppConnection
    fleet: FleetCheck
    allowed_tasks: AllowedTasks
    submitter: Submitter
    results: Results
    remote_control: RemoteControl
    worker_answers: WorkerAnswers

    @classmethod
    def of(
        cls,
        connection: AppConnection,
        submit_tasks: Mapping[str, str],
        thresholds: FleetThresholds = DEFAULT_FLEET_THRESHOLDS,
        management_url: str | None = None,
        ignored_queues: tuple[str, ...] = (),
    ) -> "CeleryApplication":
        """The application at a connection, which may be sent these tasks. It connects at the first use."""
        remote_control = RemoteControl(connection)
        return cls(
            connection=connection,
            fleet=FleetCheck(connection, thresholds, management_url, ignored_queues),
            allowed_tasks=AllowedTasks(submit_tasks),
            submitter=Submitter(connection),
            results=Results(connection),
            remote_control=remote_control,
            worker_answers=WorkerAnswers(remote_control),
        )

    async def close(self) -> None:
        """Stop what runs."""
        await self.remote_control.close()
        await self.fleet.close()
