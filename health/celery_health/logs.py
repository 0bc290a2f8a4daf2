"""What a program logs and how: one line an event, as JSON or as text."""

import json
import logging
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

from celery_health.redaction import redact


class TextFormatter(logging.Formatter):
    """One line for a person. Secrets in URLs are masked, also in what libraries and tracebacks say."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, without secrets."""
        return redact(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line, masked in the same way."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, without secrets."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(line)


def configure(level: str, style: Literal["json", "text"], noisy: Iterable[str]) -> None:
    """Log to standard error. Of the loggers in ``noisy`` only warnings and errors are logged."""
    handler = logging.StreamHandler(sys.stderr)
    text = TextFormatter("%(asctime)s %(levelname)-7s %(name)s %(message)s")
    handler.setFormatter(JsonFormatter() if style == "json" else text)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in noisy:
        logging.getLogger(name).setLevel(logging.WARNING)
