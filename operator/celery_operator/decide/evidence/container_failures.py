"""Why a container does not run, from the kubelet's words to ours."""

import re

from celery_health.catalogue.entry import Reason
from celery_health.catalogue.pods import PodReason
from celery_operator.snapshot import ContainerFailure

_IMAGE = {
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImageInspectError",
    "ImagePullBackOff",
    "InvalidImageName",
    "RegistryUnavailable",
}
_CONFIGURATION = {"CreateContainerConfigError"}
_NOT_LOADED = re.compile(r"Unable to load celery application|ModuleNotFoundError|ImportError|No module named")
# The kubelet's own line, and lines that only underline another.
_SAYS_NOTHING = re.compile(r"back-off \S+ restarting failed|[\s\^~=*-]*\Z")


def reason_of(trouble: ContainerFailure) -> Reason:
    """The kind of trouble."""
    if trouble.reason in _IMAGE:
        return PodReason.IMAGE_UNAVAILABLE
    if trouble.reason in _CONFIGURATION:
        return PodReason.CONFIGURATION_MISSING
    if trouble.reason == "OOMKilled":
        return PodReason.OOM_KILLED
    if _NOT_LOADED.search(trouble.message):
        return PodReason.APP_NOT_LOADED
    return PodReason.CRASHING


def last_line(trouble: ContainerFailure) -> str:
    """The last line that means something: of a Python traceback the error itself."""
    lines = [line.strip() for line in trouble.message.splitlines()]
    telling = [line for line in lines if not _SAYS_NOTHING.match(line)]
    if telling:
        return telling[-1]
    return trouble.reason if trouble.exit_code is None else f"exit code {trouble.exit_code}"
