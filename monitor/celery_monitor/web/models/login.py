"""Logging in, and who is logged in."""

from pydantic import Field, SecretStr

from celery_monitor.settings import Role
from celery_monitor.web.identity.authentication import MAX_TOKEN_LENGTH
from celery_monitor.web.identity.caller import Source
from celery_monitor.web.models.base import Body, Document


class Login(Body):
    """A token, in exchange for the session cookie."""

    token: SecretStr = Field(min_length=1, max_length=MAX_TOKEN_LENGTH, description="Any valid bearer token.")


class Identity(Document):
    """The caller."""

    name: str = Field(description="The name that the audit shows.")
    role: Role = Field(description="What the caller may do.")
    source: Source = Field(description="How the caller proved its identity.")
    expires: float | None = Field(description="When the session or the token ends. Unix time in seconds.")


class BrowserSession(Document):
    """Who is logged in."""

    identity: Identity | None = Field(description="The caller; null without a valid session or token.")


class LoggedOut(Document):
    """The end of a session."""

    logged_out: bool = Field(description="Always true.")
