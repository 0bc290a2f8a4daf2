"""Names of brokers, result backends and databases that are known, and those that are misspelled."""

from collections.abc import Callable

import pytest

from celery_health.broker_url import BrokerUrl
from celery_health.readers.parameters import check_parameters, check_parameters_of_results, parse_broker
from celery_health.schemes import check_broker, check_database, check_result_backend
from celery_health.urls import BrokerKind, UrlError, parse, parse_result_backend


@pytest.mark.parametrize(
    ("check", "url", "hint"),
    [
        (check_broker, "reddis://h", "There is no transport reddis: did you mean redis?"),
        (check_broker, "ampq://h", "did you mean amqp?"),
        (check_broker, "rabbitmq://h", "did you mean amqp?"),
        (check_broker, "valkeys://h", "did you mean rediss?"),
        (check_result_backend, "valkey://h", "did you mean redis?"),
        (check_result_backend, "rabbitmq://h", "write redis://"),
        (check_broker, "redis://h;ampq://h", "did you mean amqp?"),
        (check_broker, "https://h", "write redis://"),
        (check_broker, "postgresql://h", "There is no transport postgresql"),
        (check_result_backend, "reddis://h", "There is no result backend reddis: did you mean redis?"),
        (check_result_backend, "mongo", "did you mean mongodb?"),
        (check_result_backend, "mysql://h", "did you mean db+mysql?"),
        (check_result_backend, "db+psql://h", "did you mean db+postgresql?"),
        (check_database, "postgrss://h", "There is no database postgrss: did you mean postgres?"),
        (check_database, "redis://h", "There is no database redis"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(
    check: Callable[[BrokerUrl], None], url: str, hint: str
) -> None:
    with pytest.raises(UrlError) as raised:
        check(parse(url) if check is check_broker else parse_result_backend(url))
    assert hint in str(raised.value)


@pytest.mark.parametrize(
    "url", ["redis+socket:///r", "sqla+mysql://h", "SQS://", "pyamqp://h", "shop.transport.Own://h"]
)
def test_what_kombu_knows_is_a_broker(url: str) -> None:
    check_broker(parse(url))


@pytest.mark.parametrize(
    "name", ["redis", "shop.stores:Own", "db+cockroachdb://h", "redis+socket:///r", "elasticsearch+https://h"]
)
def test_what_celery_knows_is_a_result_backend(name: str) -> None:
    check_result_backend(parse_result_backend(name))


@pytest.mark.parametrize(
    ("scheme", "kind"),
    [
        *((name, BrokerKind.POSTGRESQL) for name in ("postgis", "psql", "pgsql", "timescale", "postgres")),
        *((name, BrokerKind.MYSQL) for name in ("mysql2", "mysqlgis")),
        *((name, BrokerKind.OTHER) for name in ("mssql", "oracle", "redshift", "cockroachdb")),
    ],
)
def test_the_names_of_packages_for_django_are_databases(scheme: str, kind: BrokerKind) -> None:
    url = parse(f"{scheme}://u:geheim@h/shop")
    check_database(url)
    assert url.kind is kind


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("redis://h?db=5", "Celery refuses db in the URL of a broker: write the database as the path"),
        ("redis://h?virtual_host=5", "write it as the path"),
        ("redis://h/0;redis://i/0?socket_timeout=3", "refuses socket_timeout"),
        ("amqp://h?connection_timeout=5", "set broker_connection_timeout"),
        ("amqp://h?connect_timeout=5", "set broker_connection_timeout"),
        ("amqps://h?ca_certs=/ca.pem", "Celery refuses ca_certs in the URL of a broker: set broker_use_ssl."),
        ("redis://h?ssl=1", "write rediss://"),
        ("amqp://h?login_method=plain", "write one of PLAIN, AMQPLAIN"),
        ("amqp://h?heartbeat=abc", "Celery refuses heartbeat in the amqp URL: write a number."),
        ("redis://h?heartbeat=abc", "write a number"),
    ],
)
@pytest.mark.parametrize("of_workers", [True, False])
def test_a_parameter_that_ends_a_worker_is_refused(url: str, hint: str, of_workers: bool) -> None:
    with pytest.raises(UrlError) as raised:
        check_parameters(parse(url), of_workers=of_workers)
    assert hint in str(raised.value)


@pytest.mark.parametrize("url", ["sentinel://h?master_name=shop", "amqps://h?ssl_ca_certs=/ca.pem"])
def test_what_only_this_program_takes_is_refused_in_the_url_of_workers(url: str) -> None:
    check_parameters(parse(url), of_workers=False)
    with pytest.raises(UrlError, match="set "):
        check_parameters(parse(url), of_workers=True)


@pytest.mark.parametrize(
    ("url", "mode"),
    [
        ("rediss://h/0", "none"),
        ("rediss://h/0?ssl_ca_certs=/ca.pem", None),
        ("rediss://h/0?ssl_cert_reqs=required", "required"),
        ("redis://h/0", None),
    ],
)
def test_a_broker_at_rediss_without_options_of_tls_verifies_no_certificate(
    url: str, mode: str | None
) -> None:
    first = parse_broker(f"{url};{url}")
    assert [one.query.get("ssl_cert_reqs") for one in (first, *first.alternates)] == [mode, mode]


@pytest.mark.parametrize(
    "url",
    [
        "rediss://h/0?ssl_cert_reqs=none&ssl_ca_certs=/ca.pem",
        "amqps://h?login_method=EXTERNAL&heartbeat=30",
        "redis+socket:///r?virtual_host=3",
        "amqp://h?ssl=1",
    ],
)
def test_what_kombu_takes_is_not_refused(url: str) -> None:
    check_parameters(parse(url), of_workers=True)


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("redis://h/0?shop=1", "Celery refuses shop in the URL of a result backend: remove it."),
        ("redis://h/0?ssl_cert_reqs=none", "write rediss://"),
        ("rediss://h/0?ssl_cert_reqs=never", "write required, or none"),
        ("redis://h/0?timeout=3", "Celery refuses timeout"),
        ("redis://h/0?db=abc", "Celery refuses db in the redis URL: write a number."),
        ("redis://h/0?socket_timeout=abc", "write a number"),
        ("redis://h/0?max_connections=abc", "write a number"),
    ],
)
def test_a_parameter_that_ends_the_result_backend_is_refused(url: str, hint: str) -> None:
    with pytest.raises(UrlError) as raised:
        check_parameters_of_results(parse_result_backend(url))
    assert hint in str(raised.value)


@pytest.mark.parametrize(
    "url",
    ["redis://h/0?db=5&socket_timeout=3", "rediss://h/0?ssl_cert_reqs=CERT_NONE", "rpc://", "db+sqlite:///x"],
)
def test_what_a_result_backend_takes_is_not_refused(url: str) -> None:
    check_parameters_of_results(parse_result_backend(url))
