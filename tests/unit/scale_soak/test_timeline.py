"""What is read off a watch of Deployments."""

import pytest
from tools.scale_soak.timeline import Seen, first, lowered, of, one_hill, parse, raised, sizes


def seen(*desired: int) -> list[Seen]:
    return [Seen(float(at), "shop-default", number, number) for at, number in enumerate(desired)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("shop-default 6 4\n", Seen(1.0, "shop-default", 6, 4)),
        ("shop-default 0 \n", Seen(1.0, "shop-default", 0, 0)),
        ("shop-default 2", Seen(1.0, "shop-default", 2, 0)),
        ("\n", None),
        ("shop-default\n", None),
        ("error: watch closed before deadline\n", None),
    ],
)
def test_a_line_has_desired_pods_and_pods_that_exist(line: str, expected: Seen | None) -> None:
    assert parse(line, 1.0) == expected


def test_each_deployment_has_its_own_history() -> None:
    mixed = [Seen(0, "a", 1, 0), Seen(1, "b", 2, 0), Seen(2, "a", 3, 1)]
    assert of(mixed, "a") == [mixed[0], mixed[2]]


def test_moves_are_counted_and_repeated_lines_are_not() -> None:
    steps = seen(0, 0, 6, 6, 6, 4, 4, 2, 3, 0)
    assert (raised(steps), lowered(steps)) == (2, 3)
    assert (raised([]), lowered(seen(3))) == (0, 0)


@pytest.mark.parametrize("desired", [(), (0,), (0, 6, 0), (0, 2, 6, 6, 4, 0), (6, 2), (0, 6)])
def test_up_and_then_down_is_one_hill(desired: tuple[int, ...]) -> None:
    assert one_hill(seen(*desired))


@pytest.mark.parametrize("desired", [(0, 6, 4, 6, 0), (0, 6, 0, 1, 0), (3, 2, 3)])
def test_up_again_after_down_is_not(desired: tuple[int, ...]) -> None:
    assert not one_hill(seen(*desired))


def test_the_first_moment_is_returned_or_none() -> None:
    steps = seen(0, 0, 2, 6)
    assert first(steps, lambda one: one.desired > 0) == 2.0
    assert first(steps, lambda one: one.desired > 6) is None


def test_sizes_show_when_the_group_changed() -> None:
    assert sizes(seen(0, 0, 6, 6, 2)) == "0 +2.0 s 6 +4.0 s 2"
    assert sizes([]) == "nothing was seen"
