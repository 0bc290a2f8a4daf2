"""Names and numbers that the API server, the owned objects and their readers share."""

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
LABEL_TEMPLATE = "pod-template-hash"

MANAGED_BY = "celery-operator"
COMPONENT_WORKER = "worker"
COMPONENT_BEAT = "beat"
COMPONENT_REDIS = "redis"
COMPONENT_MONITOR = "monitor"
COMPONENT_FLOWER = "flower"

WORKER_CONTAINER = "worker"
BEAT_CONTAINER = "beat"
MONITOR_CONTAINER = "monitor"
FLOWER_CONTAINER = "flower"

TOKEN_VOLUME = "celery-probe-token"  # noqa: S105 - the volume's name, not a token
TOKEN_KEY = "token"  # noqa: S105 - the key's name, not a token
SESSION_SECRET_KEY = "session-secret"  # noqa: S105 - the key's name, not a secret
PUSH_TOKEN_KEY = "push-token"  # noqa: S105 - the key's name, not a token
PASSWORD_KEY = "password"  # noqa: S105 - the key's name, not a password
URL_KEY = "url"
RESULTS_URL_KEY = "result-backend-url"
BASIC_AUTH_KEY = "basic-auth"
REDIS_CONFIGURATION_KEY = "redis.conf"

SURGE_PERCENT = 25
"""maxSurge of the Deployments of groups. Their maxUnavailable is 0."""


def dead_letter_queue(resource: str) -> str:
    """The queue that takes the poison tasks of a resource in quarantine."""
    return f"{resource}{DEAD_LETTER_SUFFIX}"


ANNOTATION_PAUSE_HEALING = f"{GROUP}/pause-healing"
ANNOTATION_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
ANNOTATION_PAUSE_SCALE_IN = f"{GROUP}/pause-scale-in"
ANNOTATION_PAUSE_SCALE_OUT = f"{GROUP}/pause-scale-out"
ANNOTATION_RESTARTED_AT = f"{GROUP}/restarted-at"
ANNOTATION_CONFIGURATION = f"{GROUP}/configuration"
ANNOTATION_PROBE_IMAGE = f"{GROUP}/probe-image"
ANNOTATION_MONITOR_REQUESTS = f"{GROUP}/monitor-requests"
ANNOTATION_PASSWORD_REVISION = f"{GROUP}/password-revision"
ANNOTATION_MONITOR_ALERTS = f"{GROUP}/monitor-alerts"
