"""Reads the report of the sidecar on this machine, for a person who may start programs in its pod."""

import http.client
import json

from celery_health.wire.bounds import ANSWER_BYTES
from celery_health.wire.names import (
    PORT_VARIABLE,
    REPORT_PATH,
    TOKEN_FILE_VARIABLE,
    TOKEN_HEADER,
    TOKEN_VARIABLE,
)

_TIMEOUT_SECONDS = 5.0


class ReportError(Exception):
    """There is no report. The message says why, and what to do."""


def read_report(port: int, token: str) -> str:
    """The answer to ``GET /report`` as indented JSON. Raises ReportError."""
    if not token:
        raise ReportError(
            "the report needs the token of the sidecar: "
            f"set {TOKEN_VARIABLE} or {TOKEN_FILE_VARIABLE} for both"
        )
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", REPORT_PATH, headers={TOKEN_HEADER: token})
        answer = connection.getresponse()
        body = json.loads(answer.read(ANSWER_BYTES))
    except (OSError, http.client.HTTPException, ValueError) as error:
        cause = f"{type(error).__name__}: {error}"
        raise ReportError(f"no sidecar answers on port {port} ({PORT_VARIABLE}): {cause}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise ReportError(f"the sidecar answers with HTTP status {answer.status}: {body.get('message')}")
    return json.dumps(body, indent=2, ensure_ascii=False)
