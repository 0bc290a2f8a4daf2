"""The parameters of the page's own address."""

from pydantic import ConfigDict

from celery_monitor.web.models.base import Query


class PageQuery(Query):
    """What a screen shows, such as its filter. Only the page itself reads it."""

    model_config = ConfigDict(extra="ignore")
