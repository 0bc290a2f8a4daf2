"""Sends one message by apprise. Standard input has the order; the problem goes to standard output."""

import json
import logging
import re
import socket
import sys
from ipaddress import ip_address, ip_network
from typing import Any, NoReturn

from celery_monitor.alerts.channels.addresses import Networks, refusal, refusal_text

_CONNECTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_STARTS = frozenset({"os.exec", "os.fork", "os.posix_spawn", "os.system", "subprocess.Popen"})
_STATUS = re.compile(r"error=(\d{3})\b")


class Guard:
    """Refuses connections to addresses that are not allowed: Python calls it before each one.

    So redirects and a second name lookup lead nowhere else. ``refused`` is the sentence about the last one.
    """

    def __init__(self, allowed: Networks) -> None:
        self._allowed = allowed
        self.refused = ""

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Check what is about to happen.

        Raises:
            PermissionError: it must not happen.
        """
        if event in _CONNECTS and arguments[1] is not None:
            self._check(arguments[1])
        elif event in _STARTS:
            self._refuse("this service starts a program, which is not allowed")

    def _check(self, target: Any) -> None:
        if not isinstance(target, tuple):
            self._refuse("this service is a program on this machine, which is not allowed")
        try:
            address = ip_address(target[0])
        except ValueError:
            self._refuse("this service needs an address in the place of the host name")
        if kind := refusal(address, self._allowed):
            self._refuse(refusal_text(str(address), address, kind).rstrip("."))

    def _refuse(self, sentence: str) -> NoReturn:
        self.refused = sentence
        raise PermissionError(sentence)


class _Statuses(logging.Handler):
    """Keeps the last HTTP status that apprise logs. The rest of its log may have secrets."""

    def __init__(self) -> None:
        super().__init__()
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        if found := _STATUS.search(record.getMessage()):
            self.last = found[1]


def problem_of(order: dict[str, Any]) -> str:
    """Send the message. The problem, without a full stop; empty if it was delivered."""
    import apprise  # noqa: PLC0415 (an extra, which the settings have found)

    statuses = _Statuses()
    logging.getLogger("apprise").addHandler(statuses)
    service = apprise.Apprise(asset=apprise.AppriseAsset(http_redirects=False, async_mode=False))
    if not service.add(order["url"]):
        return "apprise cannot read the URL, or lacks a package for its service"
    guard = Guard([ip_network(text) for text in order["networks"]])
    sys.addaudithook(guard)
    delivered = service.notify(
        body=order["body"],
        title=order["title"],
        notify_type=apprise.NotifyType(order["kind"]),
        body_format=apprise.NotifyFormat.TEXT,
    )
    if delivered:
        return ""
    return guard.refused or (f"it answered {statuses.last}" if statuses.last else "it cannot be reached")


def main() -> None:
    """Read the order, and answer."""
    answer = sys.stdout
    sys.stdout = sys.stderr  # what services print is no answer
    socket.setdefaulttimeout(20)
    json.dump({"problem": problem_of(json.load(sys.stdin))}, answer)


if __name__ == "__main__":
    main()
