"""The WebSocket's query and its ticket. ``web.updates.protocol`` has the messages."""

from typing import Annotated

from pydantic import Field

from celery_monitor.web.models.base import Document, Query


class UpdatesQuery(Query):
    """How the client proves its identity, if it cannot send a header."""

    ticket: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="A ticket, which is used up."
    )


class Ticket(Document):
    """Proves the identity of the caller once, in the address of the WebSocket."""

    ticket: str = Field(description="For `ws?ticket=`.")
    expires: float = Field(description="Until when it can be used. Unix time in seconds.")
