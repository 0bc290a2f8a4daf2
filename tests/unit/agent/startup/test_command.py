"""Which subcommand a command line runs."""

import pytest

from celery_probe.agent.command import subcommand


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("-A shop worker -Q a,b", "worker"),
        ("--app shop worker", "worker"),
        ("--app=shop worker", "worker"),
        ("-Ashop worker", "worker"),
        ("-A worker beat", "beat"),
        ("-b redis://broker/0 -A shop --workdir /srv -C -q worker", "worker"),
        ("-A shop inspect ping -d worker", "inspect"),
        ("--version", None),
        ("-A shop", None),
        ("", None),
    ],
)
def test_the_subcommand_is_the_first_word_that_no_option_takes(line: str, found: str | None) -> None:
    assert subcommand(line.split()) == found
