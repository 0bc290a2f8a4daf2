"""What ``preflight`` waits for, and its usage errors."""

import pytest
from click.testing import CliRunner

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.cli.commands.main import main
from celery_health.cli.commands.preflight import (
    ATTEMPT_SECONDS,
    CannotBeCheckedError,
    Requirement,
    requirements,
    without_short_wait,
)
from celery_health.urls import parse

VARIABLES = ("CELERY_BROKER_URL", "REDIS_URL", "REDIS_HOST", "CELERY_RESULT_BACKEND", "DATABASE_URL")
NOTHING = dict.fromkeys(VARIABLES, "")


def test_a_redis_that_is_broker_and_result_backend_is_checked_once() -> None:
    url = "redis://redis:6379/0"

    assert requirements({"broker": url, "database": "postgresql://db/shop", "result backend": url}) == (
        Requirement("broker and result backend", parse(url)),
        Requirement("database", parse("postgresql://db/shop")),
    )


def test_a_result_backend_that_celery_may_refuse_is_apart_from_the_broker_of_the_same_url() -> None:
    url = "rediss://redis:6379/0"

    broker, results = requirements({"broker": url, "result backend": url})

    assert (broker.name, broker.doubt) == ("broker", "")
    assert results.name == "result backend"
    assert "Add ?ssl_cert_reqs=required to the URL" in results.doubt
    certain = f"{url}?ssl_cert_reqs=required"
    assert [one.doubt for one in requirements({"broker": url, "result backend": certain})] == ["", ""]


def test_an_invalid_url_is_reported_without_its_secrets() -> None:
    with pytest.raises(CannotBeCheckedError, match=r"^The URL of the database cannot be used") as refused:
        requirements({"database": "postgresql:/user:geheim@db"})

    assert "geheim" not in str(refused.value)


def test_an_attempt_that_the_end_cuts_short_does_not_hide_the_cause() -> None:
    refused = BrokerReading("redis", "redis://h", False, BrokerReason.CONNECTION_REFUSED, "Nothing listens.")
    cut = BrokerReading("redis", "redis://h", False, BrokerReason.TIMED_OUT, "No answer.")

    assert without_short_wait(cut, 0.1, refused) is refused
    assert without_short_wait(cut, ATTEMPT_SECONDS, refused) is cut
    assert without_short_wait(cut, 0.1, None) is cut
    assert without_short_wait(refused, 0.1, cut) is refused


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "use --broker, --result-backend or --database"),
        (["--wait", "0"], "Invalid value for '--wait'"),
        (["--wait", "nan"], "Invalid value for '--wait'"),
        (["--wait", "long"], "'long' is not a number of seconds above 0"),
        (["--interval-max", "-1"], "Invalid value for '--interval-max'"),
        (["--broker", "redis"], "The URL has no scheme"),
        (["--redis", "x"], "No such option"),
    ],
)
def test_wrong_usage_says_what_to_write_and_exits_with_3(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(main, ["preflight", *arguments], env=NOTHING)

    assert result.exit_code == 3
    assert words in result.output


def test_an_application_in_place_of_a_url_is_said_not_to_be_loaded() -> None:
    result = CliRunner().invoke(main, ["-A", "shop", "preflight"], env=NOTHING)

    assert result.exit_code == 3
    assert "use --broker" in result.output
    assert "preflight does not load the application of -A" in result.output
