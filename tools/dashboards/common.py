"""What several dashboards share: variables, and queries by application."""

from tools.dashboards.panel import Variable

APPLICATION = 'namespace=~"$namespace", resource=~"$resource"'
"""Selects the series of the chosen applications."""

NAMESPACE = Variable(
    "namespace",
    "Namespace",
    "max by (namespace) (celery_deployment_health) or max by (namespace) (celery_monitor_connected)",
    "namespace",
)
_IN_NAMESPACE = '{namespace=~"$namespace"}'
RESOURCE = Variable(
    "resource",
    "Application",
    f"max by (resource) (celery_deployment_health{_IN_NAMESPACE}) "
    f"or max by (resource) (celery_monitor_connected{_IN_NAMESPACE})",
    "resource",
)


def named_queue(metric: str, where: str = APPLICATION) -> str:
    """A gauge of the monitor by ``queue``, as the operator calls that label."""
    return (
        f"max by (namespace, resource, queue) "
        f'(label_replace({metric}{{{where}}}, "queue", "$1", "queue_name", "(.+)"))'
    )


QUEUE = Variable(
    "queue",
    "Queue",
    f"max by (queue) (celery_queue_messages_ready{{{APPLICATION}}}) "
    f"or max by (queue) ({named_queue('celery_queue_length')})",
    "queue",
    several=False,
)
TASK = Variable(
    "name",
    "Task",
    f"max by (name) (celery_task_received_total{{{APPLICATION}}}) or max by (name) (label_replace("
    f'{{__name__=~".+_background_job_started_total", {APPLICATION}}}, "name", "$1", "task_name", "(.+)"))',
    "name",
    several=False,
)
_RANGE = "$__rate_interval"


def rate(metric: str, by: str, where: str = APPLICATION) -> str:
    """The sum of a counter's rates."""
    return f"sum by ({by}) (rate({metric}{{{where}}}[{_RANGE}]))"


def within_an_hour(metric: str, by: str, where: str = APPLICATION) -> str:
    """By how much a counter has grown."""
    return f"sum by ({by}) (increase({metric}{{{where}}}[1h]))"


def largest(metric: str, by: str, where: str = APPLICATION) -> str:
    """A gauge of the operator or the monitor: one program of several shows it, or all show the same."""
    return f"max by ({by}) ({metric}{{{where}}})"


def total(metric: str, by: str, where: str = APPLICATION) -> str:
    """A gauge of sidecars, or of one program for several things, summed."""
    return f"sum by ({by}) ({metric}{{{where}}})"


def quantile(share: float, metric: str, by: str, where: str = APPLICATION) -> str:
    """A quantile of a histogram, such as 0.95."""
    return f"histogram_quantile({share}, sum by ({by}, le) (rate({metric}_bucket{{{where}}}[{_RANGE}])))"


def share_of_failures(by: str, where: str = APPLICATION) -> str:
    """Failed runs in percent of the started ones."""
    started = rate("celery_task_started_total", by, where)
    return f"100 * {rate('celery_task_failed_total', by, where)} / ({started} > 0)"
