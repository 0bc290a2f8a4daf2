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


def test_a_request_ends_when_the_order_is_not_repeated(tmp_path: Path) -> None:
    clocks = Clocks()
    drain = request(tmp_path, clocks)
    drain.set(True, 300.0)
    clocks.mono += 200
    drain.set(True, 300.0)
    clocks.mono += 299
    drain.refresh()
    assert (drain.is_requested, drain.expires_in()) == (True, 1.0)
    clocks.mono += 1
    drain.refresh()
    assert (drain.is_requested, drain.expires_in()) == (False, None)
    assert not (tmp_path / "drain").exists()


def test_an_order_that_is_repeated_when_the_request_has_just_expired_makes_it_last(tmp_path: Path) -> None:
    clocks = Clocks()
    drain = request(tmp_path, clocks)
    drain.set(True, 300.0)
    clocks.mono += 300
    drain.set(True, 300.0)
    assert (drain.is_requested, drain.expires_in()) == (True, 300.0)
    assert (tmp_path / "drain").read_text() == "300"


def test_repeating_the_order_does_not_make_the_request_new(tmp_path: Path) -> None:
    clocks = Clocks()
    made_at(tmp_path, clocks.wall - 30)
    drain = request(tmp_path, clocks)
    for seconds in (300.0, 300.0, 200.0):
        drain.set(True, seconds)
        assert drain.requested_for() == pytest.approx(30)


def test_a_sidecar_that_restarts_knows_that_the_request_ends(tmp_path: Path) -> None:
    clocks = Clocks()
    request(tmp_path, clocks).set(True, 300.0)
    clocks.mono += 250
    drain = request(tmp_path, clocks)
    assert drain.expires_in() == 300.0
    clocks.mono += 300
    drain.refresh()
    assert not drain.is_requested


def test_a_request_without_a_time_does_not_end(tmp_path: Path) -> None:
    clocks = Clocks()
    drain = request(tmp_path, clocks)
    drain.set(True)
    clocks.mono += 1e6
    drain.refresh()
    assert (drain.is_requested, drain.expires_in()) == (True, None)


@pytest.mark.parametrize("text", ["soon", "-1", "0", "inf", "nan", "9" * 40, "\xff"])
def test_a_time_that_is_none_ends_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "drain").write_bytes(text.encode("latin-1"))
    assert DrainRequest(tmp_path).is_requested
