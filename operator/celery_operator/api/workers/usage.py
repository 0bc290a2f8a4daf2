"""What the workers of a group have used of memory and CPU, and the size that follows from it."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from celery_operator.api.base import ApiModel

Count = Annotated[int, Field(ge=0)]
Samples = Annotated[dict[str, Count], Field(max_length=100)]


class UsageWindow(ApiModel):
    """A week of samples, one for each worker and minute."""

    since: AwareDatetime
    """When the week began."""
    workers: Count = 0
    """The most workers that were seen in one minute."""
    minutes: Count = 0
    """The number of samples."""
    memory_peak_bytes: Count = 0
    """The most memory that a worker used, without the page cache."""
    memory: Samples = Field(default_factory=dict)
    """Samples of memory by bucket. Bucket N holds those up to 16 MiB times 2 to the power of N/4."""
    cpu: Samples = Field(default_factory=dict)
    """Samples of CPU by bucket. Bucket N holds those up to 10 millicores times 2 to the power of N/4."""
    busy_minutes: Count = 0
    """Samples of workers all of whose slots ran tasks, while more tasks waited in the worker."""
    busy_cpu_millicores: Count = 0
    """The sum of the millicores that the workers used in these samples."""


class ResourceUsage(ApiModel):
    """What the workers of the group have used of memory and CPU in the last one to two weeks. It begins anew
    when the concurrency changes.
    """

    concurrency: int
    """The concurrency with which the workers ran."""
    at: AwareDatetime
    """When the samples were last written here. This happens every 15 minutes."""
    windows: Annotated[tuple[UsageWindow, ...], Field(max_length=2)] = ()
    """The present week, and the one before."""


class RightSize(ApiModel):
    """The size that follows from the usage. Absent before there are samples of one day."""

    memory_request: str
    """For resources.requests.memory: what is enough in 95% of all minutes, and 15% more."""
    memory_limit: str
    """For resources.limits.memory: the peak, and 25% more."""
    cpu_request: str | None = None
    """For resources.requests.cpu: what is enough in 95% of all minutes, and 15% more."""
    concurrency: int
    """For concurrency. Memory and CPU are then those of workers of this concurrency."""
    evidence: str
    """The usage, in a sentence."""
