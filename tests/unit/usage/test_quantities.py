"""Quantities as users write them, and as recommendations do."""

import pytest

from celery_operator.usage.quantities import cpu_text, memory_text, quantity


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("512Mi", 512 * 2**20),
        ("2Gi", 2 * 2**30),
        ("1.5G", 1.5e9),
        ("128974848", 128974848),
        (1024, 1024),
        ("129e6", 129e6),
        ("1E", 1e18),
        ("1Ei", 2**60),
        ("2Ki", 2048),
        ("0.5", 0.5),
        (".5", 0.5),
        ("+2k", 2000),
    ],
)
def test_a_quantity_is_a_number(text: object, number: float) -> None:
    assert quantity(text) == number


def test_millicores_are_thousandths() -> None:
    assert quantity("250m") == pytest.approx(0.25)


@pytest.mark.parametrize("text", ["", "many", "5Zi", "-1", "1e", "1 Gi", None, "1e999"])
def test_anything_else_is_none(text: object) -> None:
    assert quantity(text) is None


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0Mi"),
        (412 * 2**20, "412Mi"),
        (2 * 2**30, "2Gi"),
        (2**30 + 2**20, "1025Mi"),
        (2**20 - 1, "1Mi"),
        (2**34 + 5, "16Gi"),
    ],
)
def test_memory_is_written_in_mebibytes_and_whole_gibibytes(size: int, text: str) -> None:
    assert memory_text(size) == text


@pytest.mark.parametrize(("millicores", "text"), [(400, "400m"), (2000, "2"), (0, "0m"), (1500.4, "1500m")])
def test_cpu_is_written_in_millicores_and_whole_cores(millicores: float, text: str) -> None:
    assert cpu_text(millicores) == text
