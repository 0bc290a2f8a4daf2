"""How much one read takes in from a server, whatever the server sends.

The server may be anyone's. So its bytes are counted while they arrive, before anything is made of them.
"""

import io

READ_BYTES = 1024 * 1024
"""What one read takes in: 200 queues, and the names of some thousand others, take about 500 kB."""

READ_STEPS = 20_000
"""Values, frames or packets of one read: what a program does for each of them costs more than its bytes."""

LOGIN_BYTES = 256 * 1024
"""What a login and the question of whether writes are accepted take in. A large one takes a few kB."""


class TooMuchError(Exception):
    """The server has sent more than one read takes in."""


class UnreadableAnswerError(Exception):
    """The server's answer does not follow the protocol. The message quotes nothing of it."""


class Budget:
    """What one read may still take in. ``begin`` starts the next read."""

    def __init__(self, size: int = READ_BYTES, steps: int = READ_STEPS) -> None:
        self._limits = size, steps
        self._size, self._steps = size, steps

    @property
    def steps_left(self) -> int:
        """The steps that are left."""
        return self._steps

    def begin(self, more_bytes: int = 0, more_steps: int = 0) -> None:
        """All of it may be taken again, and this much more: the answers to many questions are many."""
        self._size, self._steps = self._limits[0] + more_bytes, self._limits[1] + more_steps

    def take(self, size: int, steps: int = 1) -> None:
        """Take in ``size`` bytes in ``steps`` steps. To be called before memory is used for them.

        Raises:
            TooMuchError: that is more than what is left.
        """
        self._size -= size
        self._steps -= steps
        if self._size < 0 or self._steps < 0:
            raise TooMuchError


class MeteredFile(io.RawIOBase):
    """An unbuffered file whose bytes are taken from a budget. It closes the file that it reads from."""

    def __init__(self, file: io.RawIOBase, budget: Budget) -> None:
        self._file = file
        self._budget = budget

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int | None:  # type: ignore[override]
        """As of the file. Raises TooMuchError."""
        size = self._file.readinto(buffer)
        if size:
            self._budget.take(size)
        return size

    def close(self) -> None:
        """Close both."""
        super().close()
        self._file.close()
