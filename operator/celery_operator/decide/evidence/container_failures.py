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
_USER = re.compile(r"container has runAsNonRoot and|runAsUser breaks non-root policy")
# The kubelet's own line, and lines that only underline another.
_SAYS_NOTHING = re.compile(r"back-off \S+ restarting failed|[\s\^~=*-]*\Z")


def reason_of(failure: ContainerFailure) -> Reason:
    """The kind of failure."""
    if failure.reason in _IMAGE:
        return PodReason.IMAGE_UNAVAILABLE
    if _USER.search(failure.message):
        return PodReason.USER_NOT_ALLOWED
    if failure.reason in _CONFIGURATION:
        return PodReason.CONFIGURATION_MISSING
    if failure.reason == "OOMKilled":
        return PodReason.OOM_KILLED
    if _NOT_LOADED.search(failure.message):
        return PodReason.APP_NOT_LOADED
    return PodReason.CRASHING


def last_line(failure: ContainerFailure) -> str:
    """The last line that means something: of a Python traceback the error itself."""
    lines = [line.strip() for line in failure.message.splitlines()]
    lines_with_text = [line for line in lines if not _SAYS_NOTHING.match(line)]
    if lines_with_text:
        return lines_with_text[-1]
    return failure.reason if failure.exit_code is None else f"exit code {failure.exit_code}"
