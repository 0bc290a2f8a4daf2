"""The archives that need no builder are images as containerd reads them."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

from tools.cluster.images.archive import write_archive


def test_an_archive_names_its_image_and_holds_the_program(tmp_path: Path) -> None:
    program = tmp_path / "pause"
    program.write_bytes(b"program")
    target = tmp_path / "image.tar"
    write_archive(target, reference="localhost/pause:1", program=program, arguments=["-v"])
    with tarfile.open(target) as archive:
        content = {one.name: _content(archive, one) for one in archive}
    (manifest,) = json.loads(content["manifest.json"])
    config = json.loads(content[manifest["Config"]])
    layer = gzip.decompress(content[manifest["Layers"][0]])
    assert manifest["RepoTags"] == ["localhost/pause:1"]
    assert config["config"]["Entrypoint"] == ["/pause", "-v"]
    assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(layer).hexdigest()]
    with tarfile.open(fileobj=io.BytesIO(layer)) as files:
        (file,) = files
        assert (file.name, file.mode, _content(files, file)) == ("pause", 0o755, b"program")


def test_the_same_program_gives_the_same_archive(tmp_path: Path) -> None:
    program = tmp_path / "pause"
    program.write_bytes(b"program")
    for name in ("one.tar", "two.tar"):
        write_archive(tmp_path / name, reference="localhost/pause:1", program=program)
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(entry)
    assert file is not None
    return file.read()
