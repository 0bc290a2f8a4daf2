"""Reports to systemd that the process has started and is live: the messages of sd_notify(3)."""

import socket
from collections.abc import Mapping

SOCKET_VARIABLE = "NOTIFY_SOCKET"


class Systemd:
    """Sends messages to the service manager. Without one, it does nothing."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get(SOCKET_VARIABLE, "")
        # An abstract socket begins with @ in the variable, and with a zero byte for the kernel.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._sent_message = ""
        self._sent_ready = False

    def report(self, *, started: bool, live: bool, message: str) -> None:
        """Say what is new, and reset the watchdog of the unit as long as the process is live."""
        lines = []
        if started and not self._sent_ready:
            lines.append("READY=1")
        if live:
            lines.append("WATCHDOG=1")
        if message != self._sent_message:
            lines.append(f"STATUS={message}")
        if self._send(lines):
            self._sent_ready |= started
            self._sent_message = message

    def stopping(self) -> None:
        """Say that the process ends."""
        self._send(["STOPPING=1"])

    def _send(self, lines: list[str]) -> bool:
        """Whether the manager has received the lines. A busy one gets them with the next message."""
        if not (self._address and lines):
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
                manager.setblocking(False)
                manager.sendto("\n".join(lines).encode(), self._address)
        except OSError:
            return False
        return True
