"""Names that the API server, the owned objects and their readers share."""

from celery_health.wire.names import DEAD_LETTER_SUFFIX

GROUP = "celery-operator.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "CeleryDeployment"
PLURAL = "celerydeployments"

FIELD_MANAGER = "celery-operator"

LABEL_NAME = "app.kubernetes.io/name"
LABEL_INSTANCE = "app.kubernetes.io/instance"
LABEL_COMPONENT = "app.kubernetes.io/component"
LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
LABEL_GROUP = f"{GROUP}/group"

MANAGED_BY = "celery-operator"
COMPONENT_WORKER = "worker"
COMPONENT_BEAT = "beat"
COMPONENT_REDIS = "redis"
COMPONENT_MONITOR = "monitor"

WORKER_CONTAINER = "worker"
SIDECAR_CONTAINER = "probe"
AGENT_CONTAINER = "agent"
BEAT_CONTAINER = "beat"
MONITOR_CONTAINER = "monitor"

PROBE_VOLUME = "celery-probe"
TOKEN_KEY = "token"  # noqa: S105 - the key's name, not a token
SESSION_SECRET_KEY = "session-secret"  # noqa: S105 - the key's name, not a secret
PUSH_TOKEN_KEY = "push-token"  # noqa: S105 - the key's name, not a token


def dead_letter_queue(resource: str) -> str:
    """The queue that takes the poison tasks of a resource in quarantine."""
    return f"{resource}{DEAD_LETTER_SUFFIX}"


ANNOTATION_PAUSE_HEALING = f"{GROUP}/pause-healing"
ANNOTATION_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
ANNOTATION_PAUSE_SCALE_IN = f"{GROUP}/pause-scale-in"
ANNOTATION_PAUSE_SCALE_OUT = f"{GROUP}/pause-scale-out"
ANNOTATION_RESTARTED_AT = f"{GROUP}/restarted-at"
