"""Settings of the operator that go into the owned objects."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ObjectSettings:
    """Settings that do not come from the resource."""

    probe_image: str
    """Image of the agent's init container and of the probe sidecar."""
    probe_image_pull_policy: str
    """Pull policy of that image: Always, IfNotPresent or Never."""
    monitor_image: str
    """Image of the monitor, where the resource names none."""
    monitor_image_pull_policy: str
    """Pull policy of that image."""
