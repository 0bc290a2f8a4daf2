import json
from pathlib import Path

from tools.cluster.layout import this_checkout
from tools.page_build.__main__ import SOURCES, SUMS, VENDOR, checksums

FOLDER = this_checkout().checkout / VENDOR


def test_the_built_libraries_are_those_of_the_checksums() -> None:
    assert (FOLDER / SUMS).read_text() == checksums(FOLDER)


def test_every_package_is_locked_to_the_version_that_it_names() -> None:
    wanted = json.loads((SOURCES / "package.json").read_text())
    locked = json.loads((SOURCES / "package-lock.json").read_text())["packages"]
    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert locked[f"node_modules/{name}"]["version"] == version
    assert all("integrity" in entry for place, entry in locked.items() if place)


def test_the_license_of_each_package_is_beside_the_module() -> None:
    text = (FOLDER / "LICENSES.txt").read_text()
    locked = json.loads((SOURCES / "package-lock.json").read_text())["packages"]
    shipped = [place for place, entry in locked.items() if place and not entry.get("dev")]
    assert shipped
    for place in shipped:
        assert f"{Path(place).relative_to('node_modules')} {locked[place]['version']} (" in text
