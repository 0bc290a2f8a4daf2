"""The image store of the node."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tools.cluster.machine.shell import run, succeeds


@dataclass(frozen=True)
class Containerd:
    """A containerd by its socket; `notes` remembers where each image came from."""

    socket: Path
    notes: Path

    def answers(self) -> bool:
        """Whether it serves."""
        return self.socket.exists() and succeeds(self._ctr("version"))

    def holds(self, reference: str, origin: str) -> bool:
        """Whether the image is there and came from `origin`."""
        note = self._note(reference)
        noted = note.exists() and note.read_text() == origin
        return noted and reference in run(self._ctr("images", "ls", "-q")).split()

    def load(self, archive: Path, reference: str, origin: str) -> None:
        """Import an archive that holds `reference`, and remember its `origin`."""
        self.load_archive(archive)
        self.notes.mkdir(parents=True, exist_ok=True)
        self._note(reference).write_text(origin)

    def load_archive(self, archive: Path) -> list[str]:
        """Import any docker-archive or OCI archive; the names it brought, in their full form."""
        lines = run(self._ctr("images", "import", archive)).splitlines()
        return [line.split()[1] for line in lines if line.startswith("unpacking ")]

    def _note(self, reference: str) -> Path:
        return self.notes / hashlib.sha256(reference.encode()).hexdigest()[:16]

    def _ctr(self, *words: str | Path) -> list[str | Path]:
        return ["ctr", "-a", self.socket, "-n", "k8s.io", *words]
