"""Workers of public charts, as README.md describes them, with the options of `inject` for each."""

from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).parent

OPTIONS: dict[str, Sequence[str]] = {
    "airflow": (),
    "baserow": ("--container", "worker", "--broker-url-env", "REDIS_URL"),
    "paperless": ("--container", "paperless-ngx"),
    "saleor": (),
    "sentry": (),
    "superset": (),
}
"""The options for each chart that has a Celery worker. NetBox has none."""


def file_of(chart: str) -> Path:
    """The manifests of the chart."""
    return FOLDER / f"{chart}.yaml"
