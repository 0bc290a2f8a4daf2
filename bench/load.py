"""Open-loop load: requests at fixed times, whether or not the earlier ones are answered.

Run as a process of its own (``python -m bench.load``), it prints what it saw as JSON. A latency counts from
the moment at which the request was due, so a server that stalls is not spared the requests of that time.
"""

import argparse
import asyncio
import json
import socket
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

ANSWER_LIMIT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Answers:
    """``latencies`` in seconds, of the requests that were answered with 200; the others are failures."""

    latencies: list[float]
    failures: int


async def fire(port: int, path: str, rate: float, seconds: float) -> Answers:
    """Send ``rate`` requests a second for ``seconds``, each over a connection of its own as the kubelet's."""
    began = time.monotonic() + 0.1
    requests = []
    async with asyncio.TaskGroup() as group:
        for number in range(round(rate * seconds)):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            requests.append(group.create_task(_request(port, path, due)))
    latencies = [request.result() for request in requests]
    answered = [latency for latency in latencies if latency is not None]
    return Answers(answered, len(latencies) - len(answered))


async def _request(port: int, path: str, due: float) -> float | None:
    try:
        async with asyncio.timeout(ANSWER_LIMIT_SECONDS):
            answer = await _get(port, path)
    except (OSError, TimeoutError):
        return None
    return time.monotonic() - due if answer.startswith(b"HTTP/1.1 200 ") else None


async def _get(port: int, path: str) -> bytes:
    loop = asyncio.get_running_loop()
    with socket.socket() as connection:
        connection.setblocking(False)
        await loop.sock_connect(connection, ("127.0.0.1", port))
        await loop.sock_sendall(connection, request_text(path))
        answer = b""
        while chunk := await loop.sock_recv(connection, 65536):
            answer += chunk
        return answer


def request_text(path: str) -> bytes:
    """A request with the headers of a kubelet's probe."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: kube-probe/1.34\r\n"
        "Accept: */*\r\nConnection: close\r\n\r\n"
    ).encode()


def get(port: int, path: str) -> bytes:
    """One request of that kind, one after the other: the whole answer. Raises OSError."""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_LIMIT_SECONDS) as connection:
        connection.sendall(request_text(path))
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.load")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/livez")
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args(arguments)
    answers = asyncio.run(fire(options.port, options.path, options.rate, options.seconds))
    print(json.dumps(asdict(answers)))


if __name__ == "__main__":
    main()
