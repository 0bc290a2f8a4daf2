"""Signs a message as the specification Standard Webhooks says, for which many languages have a library.

A receiver that checks the signature and the time knows who sent the message, that nothing was changed, and
that it is not an old one that somebody sends again. The id is the same for each attempt to deliver a message.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from celery_monitor.settings.alerts.values import signing_key


def signed_headers(body: bytes, secret: str, message_id: str, at: float) -> Mapping[str, str]:
    """The headers for a body that is sent at this Unix time."""
    timestamp = f"{at:.0f}"
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    signature = base64.b64encode(hmac.new(signing_key(secret), signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }
