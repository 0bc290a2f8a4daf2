"""All dashboards, by the name of their file."""

from tools.dashboards.application import ONE_APPLICATION
from tools.dashboards.fleet import FLEET
from tools.dashboards.operator import OPERATOR
from tools.dashboards.panel import Dashboard
from tools.dashboards.queue import ONE_QUEUE
from tools.dashboards.task import ONE_TASK

DASHBOARDS: tuple[Dashboard, ...] = (FLEET, ONE_APPLICATION, ONE_QUEUE, ONE_TASK, OPERATOR)
