"""Where `make try` finds a Redis server, and what it says where there is none."""

from pathlib import Path

import pytest
from tools.cluster.errors import MissingToolError
from tools.try_it.redis_program import find_redis, package_names, unpacked


def program(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def test_an_installed_redis_is_taken(tmp_path: Path) -> None:
    file = program(tmp_path, "redis-server")
    assert find_redis(str(tmp_path)).path == file


def test_valkey_is_as_good(tmp_path: Path) -> None:
    file = program(tmp_path, "valkey-server")
    assert find_redis(str(tmp_path)).path == file


def test_an_unpacked_redis_is_taken_with_its_libraries(tmp_path: Path) -> None:
    file = program(tmp_path / "usr" / "bin", "redis-server")
    libraries = tmp_path / "usr" / "lib" / "x86_64-linux-gnu"
    program(libraries, "libjemalloc.so.2")
    found = unpacked(tmp_path)
    assert (found.path, found.environment) == (file, {"LD_LIBRARY_PATH": str(libraries)})


def test_without_apt_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match=r"brew install redis"):
        unpacked(tmp_path / "redis")


def test_the_packages_are_those_that_apt_lists() -> None:
    printed = (
        "Reading package lists...\n"
        "'http://deb/redis-tools_7.0.15-1_amd64.deb' redis-tools_5%3a7.0.15-1_amd64.deb 989 SHA256:0\n"
        "'http://deb/redis-server_7.0.15-1_amd64.deb' redis-server_5%3a7.0.15-1_amd64.deb 72 SHA256:0\n"
    )
    assert package_names(printed) == ["redis-tools", "redis-server"]
