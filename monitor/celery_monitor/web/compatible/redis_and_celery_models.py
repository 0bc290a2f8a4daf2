"""The documents of the routes for Redis and Celery side by side."""

from pydantic import Field

from celery_monitor.web.models.base import Document


class Failed(Document):
    """A request that cannot be answered."""

    success: bool = Field(default=False, description="Always false.")
    message: str = Field(description="Why.")


class ConnectionTest(Document):
    """The outcome of a connection test."""

    success: bool = Field(description="Whether the connection works.")
    message: str = Field(description="What was found, or what is wrong.")
    hint: str | None = Field(default=None, description="What to do if it does not work.")


class RedisStatus(Document):
    """The Redis server. Null: unknown."""

    running: bool = Field(description="Whether the server answers.")
    url: str | None = Field(default=None, description="Its URL without credentials.")
    version: str | None = Field(default=None, description="Its version.")
    memory_usage: str | None = Field(default=None, description="The memory that it uses, such as `1.05M`.")
    used_memory: int | None = Field(default=None, description="The same in bytes.")
    maxmemory: int | None = Field(default=None, description="Its limit in bytes; 0 for none.")
    uptime: int | None = Field(default=None, description="Seconds since its start.")
    connected_clients: int | None = Field(default=None, description="Its connections.")
    keys_count: int | None = Field(default=None, description="The keys of database 0.")
    error: str | None = Field(default=None, description="What is wrong.")
    hint: str | None = Field(default=None, description="What to do about the error.")


class RedisStatusReply(Document):
    """The status of Redis."""

    success: bool = Field(default=True, description="Whether the status could be found.")
    redis_status: RedisStatus = Field(description="The status.")


class AnsweringWorker(Document):
    """One worker that answered."""

    name: str = Field(description="Its name.")
    consuming: bool | None = Field(description="Whether it fetches messages; null if unknown.")
    slots: int | None = Field(description="The tasks that it can run at one time.")
    active_tasks: int = Field(description="The tasks that it runs.")
    reserved_tasks: int = Field(description="Fetched tasks that wait for a slot.")
    scheduled_tasks: int = Field(description="Fetched tasks that wait for their time.")
    queues: list[str] = Field(description="The queues that it consumes.")


class Broker(Document):
    """The connection to the broker."""

    url: str = Field(description="Its URL without credentials.")
    connected: bool | None = Field(description="Whether it answers and accepts messages; null if unknown.")
    message: str = Field(description="What the connection attempt found.")


class CeleryStatus(Document):
    """Celery. Null: unknown."""

    workers_running: bool = Field(description="Whether at least one worker consumes.")
    active_workers: list[str] = Field(description="The names of these workers.")
    workers: list[AnsweringWorker] = Field(description="All workers that answered.")
    active_tasks: int = Field(description="The tasks that run.")
    queued_tasks: int = Field(description="The messages that wait in all queues; -1 if unknown.")
    completed_tasks: int | None = Field(description="The tasks of the history that succeeded.")
    failed_tasks: int | None = Field(description="The tasks of the history that failed.")
    tasks_by_state: dict[str, int] = Field(description="The tasks of the history by state.")
    queues: dict[str, int] = Field(description="Messages that wait in each queue; -1 if unknown.")
    broker: Broker = Field(description="What a connection attempt found.")
    error: str | None = Field(description="What is wrong.")
    hint: str | None = Field(description="What to do about the error.")


class CeleryStatusReply(Document):
    """The status of Celery."""

    success: bool = Field(default=True, description="Whether the status could be found.")
    celery_status: CeleryStatus = Field(description="The status.")


class Fault(Document):
    """One thing that is wrong."""

    reason: str = Field(description="The machine-readable word.")
    error: str = Field(description="What is wrong.")
    hint: str = Field(description="What to do.")
    command: str = Field(description="The command for it; empty if there is none.")


class Health(Document):
    """The health of Redis and Celery together."""

    overall_status: str = Field(description="`healthy`, `degraded` or `unhealthy`.")
    redis: RedisStatus = Field(description="Redis.")
    celery: CeleryStatus = Field(description="Celery.")
    recommendations: list[str] = Field(description="What to do now, the most urgent first.")
    errors: list[Fault] = Field(description="What is wrong, the worst first.")


class HealthReply(Document):
    """The health."""

    success: bool = Field(default=True, description="Whether the health could be found.")
    health: Health = Field(description="The health.")
