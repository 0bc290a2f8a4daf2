"""What ``preflight`` waits for, and how it is called wrongly."""

import pytest
from click.testing import CliRunner

from celery_health.cli.commands.main import main
from celery_health.cli.commands.preflight import CannotBeAskedError, Requirement, requirements

NOTHING = {"CELERY_BROKER_URL": "", "REDIS_URL": "", "CELERY_RESULT_BACKEND": "", "DATABASE_URL": ""}


def test_a_redis_that_is_broker_and_result_store_is_asked_once() -> None:
    url = "redis://redis:6379/0"

    assert requirements({"broker": url, "database": "postgresql://db/shop", "result store": url}) == (
        Requirement("broker and result store", url),
        Requirement("database", "postgresql://db/shop"),
    )


def test_an_url_that_is_none_is_told_without_its_secrets() -> None:
    with pytest.raises(CannotBeAskedError, match=r"^The URL of the database cannot be used") as refused:
        requirements({"database": "postgresql:/user:geheim@db"})

    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Nothing to wait for: write --broker redis://HOST:6379/0"),
        (["--wait", "0"], "Invalid value for '--wait': write seconds above 0"),
        (["--wait", "nan"], "Invalid value for '--wait': write seconds above 0"),
        (["--wait", "long"], "'long' is not a valid float"),
        (["--interval-max", "-1"], "Invalid value for '--interval-max': write seconds above 0"),
        (["--broker", "redis"], "The URL of the broker cannot be used: The URL has no scheme"),
        (["--redis", "x"], "No such option"),
    ],
)
def test_called_wrongly_it_says_what_to_write_and_exits_with_3(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(main, ["preflight", *arguments], env=NOTHING)

    assert result.exit_code == 3
    assert words in result.output
