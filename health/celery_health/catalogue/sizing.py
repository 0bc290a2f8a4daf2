"""Reasons about the memory and CPU that workers may use."""

from celery_health.catalogue.entry import Cause, Entry, Reason, Severity, Subject, Wording


class SizeReason(Reason):
    """Why the size of workers is not right."""

    MEMORY_NEAR_LIMIT = Entry(
        word="MemoryNearLimit",
        subject=Subject.POD,
        severity=Severity.DEGRADED,
        page="workers/size",
        meaning="A worker uses nearly all of its memory limit. At the limit the kernel kills its processes.",
        cause=Cause.TASKS,
        wording=Wording(
            message="Pod {subject} used {used} of memory within the last minutes: {share} of its limit of "
            "{limit}.",
            remedy="Raise limits.memory of group {group} to {proposed}, or lower its concurrency: at the "
            "limit the kernel kills processes, and their tasks with them.",
            kubectl="patch celerydeployments {resource} --type json -p {patch}",
        ),
        variants={"in_template": Wording(kubectl="edit celerydeployments {resource}")},
        rank=198,
        while_draining=True,
    )
    SIZE_DIFFERS = Entry(
        word="SizeDiffers",
        subject=Subject.GROUP,
        severity=Severity.INFORMATION,
        page="workers/size",
        meaning="Requests, memory limit or concurrency of a group do not fit what its workers use.",
        cause=Cause.CONFIGURATION,
        wording=Wording(
            message="Up to {workers} of group {subject} used at most {use} within {span}.{busy}",
            remedy="Set {fields}.",
            kubectl="patch celerydeployments {resource} --type json -p {patch}",
        ),
        variants={"in_template": Wording(kubectl="edit celerydeployments {resource}")},
        rank=400,
    )
