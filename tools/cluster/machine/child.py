"""Running the command that all was prepared for: Ctrl-C and a termination are the command's to answer."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType


def run_child(words: Sequence[str], env: Mapping[str, str]) -> int:
    """The exit status as a shell has it: 128 and the signal's number for a command that a signal ended.

    A terminal sends Ctrl-C to the command as well, which may have to clean up; this process waits for it.
    """
    with _signals_left_to_the_child():
        process: subprocess.Popen[bytes] | None = None
        early: list[int] = []

        def forward(number: int, _frame: FrameType | None) -> None:
            if process is None:
                early.append(number)
            else:
                process.send_signal(number)

        # Before the command is started: it must not outlive this process.
        signal.signal(signal.SIGTERM, forward)
        process = subprocess.Popen(words, env={**os.environ, **env})
        for number in early:
            process.send_signal(number)
        status = process.wait()
    return status if status >= 0 else 128 - status


@contextmanager
def _signals_left_to_the_child() -> Iterator[None]:
    def leave(_number: int, _frame: FrameType | None) -> None:
        """A handler, since a child inherits that a signal is ignored."""

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if before[signal.SIGINT] is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
