"""The drain request, and for how long it has stood."""

import os
from pathlib import Path

import pytest

from celery_probe.sidecar.orders.drain_request import DrainRequest


class Clocks:
    """CLOCK_MONOTONIC and the wall's clock, as a test sets them."""

    mono = 100.0
    wall = 1_700_000_000.0


def request(directory: Path, clocks: Clocks) -> DrainRequest:
    return DrainRequest(directory, lambda: clocks.mono, lambda: clocks.wall)


def made_at(directory: Path, moment: float) -> None:
    (directory / "drain").touch()
    os.utime(directory / "drain", (moment, moment))


def test_without_a_request_there_is_no_time(tmp_path: Path) -> None:
    drain = request(tmp_path, Clocks())
    assert (drain.is_requested, drain.requested_for()) == (False, None)


def test_a_sidecar_that_restarts_knows_how_long_the_request_has_stood(tmp_path: Path) -> None:
    clocks = Clocks()
    made_at(tmp_path, clocks.wall - 30)
    assert request(tmp_path, clocks).requested_for() == pytest.approx(30)


def test_a_wall_clock_that_is_set_changes_no_age(tmp_path: Path) -> None:
    clocks = Clocks()
    made_at(tmp_path, clocks.wall - 30)
    drain = request(tmp_path, clocks)
    clocks.mono += 5
    clocks.wall -= 3600
    drain.refresh()
    assert drain.requested_for() == pytest.approx(35)


def test_a_request_of_a_clock_that_was_ahead_is_new(tmp_path: Path) -> None:
    clocks = Clocks()
    made_at(tmp_path, clocks.wall + 3600)
    assert request(tmp_path, clocks).requested_for() == 0.0


def test_a_request_made_again_counts_from_the_first_and_a_new_one_anew(tmp_path: Path) -> None:
    clocks = Clocks()
    drain = request(tmp_path, clocks)
    drain.set(True)
    made_at(tmp_path, clocks.wall - 30)
    drain.refresh()
    drain.set(True)
    assert drain.requested_for() == pytest.approx(30)
    drain.set(False)
    assert drain.requested_for() is None
    made_at(tmp_path, clocks.wall - 2)
    drain.refresh()
    assert drain.requested_for() == pytest.approx(2)
