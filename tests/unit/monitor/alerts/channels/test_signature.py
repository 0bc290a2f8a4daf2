"""The signature of webhooks."""

import base64
import hashlib
import hmac
import re
import time
from pathlib import Path
from typing import Any

import pytest

from celery_monitor.alerts.channels.identity import message_id
from celery_monitor.alerts.channels.signature import signed_headers
from celery_monitor.alerts.channels.webhook import retry_after
from tests.unit.monitor.alerts.channels.examples import NOW, alert, message, resolved


def test_the_example_of_standard_webhooks() -> None:
    # https://github.com/standard-webhooks/standard-webhooks: the tests of its libraries use these values.
    headers = signed_headers(
        b'{"test": 2432232314}',
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
    )
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_checks_a_message_as_the_documentation_shows() -> None:
    page = (Path(__file__).parents[5] / "docs" / "howto" / "alerts.md").read_text()
    (code,) = [part for part in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "is_genuine" in part]
    known: dict[str, Any] = {"base64": base64, "hashlib": hashlib, "hmac": hmac, "time": time}
    exec(code, known)
    secret = f"whsec_{base64.b64encode(bytes(32)).decode()}"
    headers = signed_headers(b"{}", secret, "id", time.time())
    old = signed_headers(b"{}", secret, "id", time.time() - 600)
    assert known["is_genuine"](headers, b"{}", secret)
    assert not known["is_genuine"](headers, b"[]", secret)
    assert not known["is_genuine"](old, b"{}", secret)


def test_each_attempt_to_deliver_a_message_has_its_id_and_no_other_message_has() -> None:
    assert message_id(message(alert()), "ops") == message_id(message(alert()), "ops")
    others = [message_id(message(resolved()), "ops"), message_id(message(alert()), "chat")]
    assert message_id(message(alert()), "ops") not in others


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        ("999999", 3600.0),
        ("9" * 5000, None),
        ("-5", None),
        ("soon", None),
        ("Fri, 15 Jan 2027 08:00:30 GMT", 30.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
        ("Fri, 15 Jan 2099 07:00:00 GMT", 3600.0),
        ("Fri, 15 Jan 99999999999 07:00:00 GMT", None),
    ],
)
def test_how_long_the_receiver_asks_to_wait(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds
