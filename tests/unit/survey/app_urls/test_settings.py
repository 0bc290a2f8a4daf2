"""How the settings of an application complete its URLs: as kombu and Celery do."""

import ssl
from typing import Any

import pytest
from celery import Celery
from kombu.utils.scheduling import sorted_cycle

from celery_health.survey.app_urls.settings import app_broker, app_result_backend, with_transport_options
from celery_health.urls import UrlError, parse

TRUSTED = {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_ca_certs": "/ca.pem"}
REDIS_QUERY = {"ssl_cert_reqs": "required", "ssl_ca_certs": "/ca.pem"}


def conf(**settings: Any) -> Any:
    app = Celery("shop", set_as_current=False)
    app.conf.update(settings)
    return app.conf


@pytest.mark.parametrize(
    ("url", "use_ssl", "address", "query"),
    [
        ("redis://h/0", None, "redis://h:6379/0", {}),
        ("redis://h/0", TRUSTED, "rediss://h:6379/0", REDIS_QUERY),
        ("redis://h/0", {"ssl_cert_reqs": ssl.CERT_NONE}, "rediss://h:6379/0", {"ssl_cert_reqs": "none"}),
        ("redis://h/0", {"ssl_cert_reqs": None}, "rediss://h:6379/0", {"ssl_cert_reqs": "none"}),
        # kombu takes True for no options, and connects without TLS.
        ("redis://h/0", True, "redis://h:6379/0", {}),
        ("rediss://h/0", True, "redis://h:6379/0", {}),
        ("rediss://h/0", {}, "rediss://h:6379/0", {"ssl_cert_reqs": "none"}),
        # Options in the URL replace all of those in the setting.
        ("rediss://h/0?ssl_cert_reqs=CERT_NONE", TRUSTED, "rediss://h:6379/0", {"ssl_cert_reqs": "none"}),
        ("amqp://h//", {"ca_certs": "/ca.pem"}, "amqps://h:5671/", {"ssl_ca_certs": "/ca.pem"}),
        ("amqp://h:5672//", True, "amqps://h:5672/", {}),
        ("amqps://h//", {"cert_reqs": ssl.CERT_NONE}, "amqps://h:5671/", {"ssl_cert_reqs": "none"}),
        ("amqp://h//", {"server_hostname": None}, "amqps://h:5671/", {"ssl_server_hostname": "h"}),
    ],
)
def test_tls_is_taken_from_the_url_and_the_setting_as_kombu_does(
    url: str, use_ssl: object, address: str, query: dict[str, str]
) -> None:
    broker = app_broker(url, conf(broker_use_ssl=use_ssl))
    assert (broker.address, dict(broker.query), broker.needs_app) == (address, query, False)
    assert broker.tls == address.startswith(("rediss", "amqps"))


def test_the_options_of_the_first_url_are_those_of_each_url_without_any() -> None:
    urls = app_broker("rediss://a?ssl_cert_reqs=none;redis://b;rediss://c?ssl_ca_certs=/ca", conf())
    found = [(one.host, one.tls, dict(one.query)) for one in (urls, *urls.alternates)]
    none = {"ssl_cert_reqs": "none"}
    assert found == [("a", True, none), ("b", True, none), ("c", True, {"ssl_ca_certs": "/ca"})]


@pytest.mark.parametrize(
    ("url", "use_ssl"),
    [
        ("rediss://h/0", {**TRUSTED, "ssl_min_version": ssl.TLSVersion.TLSv1_3}),
        ("amqps://h//", {"context": {"cafile": "/ca.pem"}}),
        ("sentinel://h/0", TRUSTED),
    ],
)
def test_an_option_that_no_reader_takes_is_left_to_the_application(url: str, use_ssl: object) -> None:
    assert app_broker(url, conf(broker_use_ssl=use_ssl)).needs_app


@pytest.mark.parametrize(
    ("url", "use_ssl", "instead"),
    [
        ("redis://h/0", {"ca_certs": "/ca.pem"}, "write ssl_ca_certs"),
        ("redis://h/0", {"ssl_cert_reqs": "CERT_SOME"}, "write ssl.CERT_REQUIRED"),
        ("redis://h/0", "yes", "write a dict"),
        ("amqp://h//", {"ssl_ca_certs": "/ca.pem"}, "write ca_certs"),
        ("amqp://h//", {"check_hostname": True}, "write server_hostname"),
        ("amqp://h//", {"cert_reqs": "none"}, "write ssl.CERT_REQUIRED"),
    ],
)
def test_what_ends_a_worker_is_refused_with_what_to_write(url: str, use_ssl: object, instead: str) -> None:
    with pytest.raises(UrlError, match=f"Celery refuses .*{instead}"):
        app_broker(url, conf(broker_use_ssl=use_ssl))


def test_seconds_of_the_transport_are_numbers() -> None:
    with pytest.raises(UrlError, match="refuses socket_timeout = 'abc' in broker_transport_options"):
        app_broker("redis://h/0", conf(broker_transport_options={"socket_timeout": "abc"}))
    assert app_broker("redis://h/0", conf(broker_transport_options={"socket_timeout": 2.5})).host == "h"


@pytest.mark.parametrize(
    "order", ["priority", "shop.queues:Cycle", "kombu.utils.scheduling.sorted_cycle", sorted_cycle, None]
)
def test_the_order_of_queues_has_a_name_of_kombu_or_is_a_class(order: object) -> None:
    with pytest.raises(
        UrlError, match="refuses queue_order_strategy = 'nosuch' in broker_transport_options: write one"
    ):
        app_broker("redis://h/0", conf(broker_transport_options={"queue_order_strategy": "nosuch"}))
    assert app_broker("redis://h/0", conf(broker_transport_options={"queue_order_strategy": order}))


@pytest.mark.parametrize(
    ("url", "use_ssl", "words"),
    [
        ("rediss://h/0", None, "without a valid ssl_cert_reqs"),
        ("redis://h/0", TRUSTED, "write rediss://"),
        ("redis://h/0", True, "write a dict"),
        ("rediss://h/0", {"cert_reqs": "none"}, "write ssl_cert_reqs"),
    ],
)
def test_a_result_backend_has_rules_of_its_own(url: str, use_ssl: object, words: str) -> None:
    with pytest.raises(UrlError, match=words):
        app_result_backend(url, conf(redis_backend_use_ssl=use_ssl))


def test_the_options_of_a_result_backend_are_joined() -> None:
    found = app_result_backend("rediss://h/0?ssl_ca_certs=/ca.pem", conf(redis_backend_use_ssl=TRUSTED))
    assert dict(found.query) == REDIS_QUERY


def test_old_settings_stand_for_what_the_url_lacks() -> None:
    old = conf(broker_user="shop", broker_password="geheim", broker_vhost="prod", broker_port=5673)
    assert app_broker("amqp://h", old).address == "amqp://h:5673/prod"
    url = app_broker("amqp://u:p@h:1/v", old)
    assert (url.address, url.username, url.password) == ("amqp://h:1/v", "u", "p")


def test_the_url_of_sentinels_gets_the_master_of_the_transport_options() -> None:
    url = parse("sentinel://a:26379/0;sentinel://b:26379/0")
    login = {"username": "asker", "password": "geheim"}
    named = with_transport_options(url, {"master_name": "my master", "sentinel_kwargs": login})
    assert (named.master_name, named.sentinel_login) == ("my master", ("asker", "geheim"))
    assert "geheim" not in repr(named)
    assert with_transport_options(url, {}) == url
    redis = parse("redis://h/0")
    assert with_transport_options(redis, {"master_name": "master"}) == redis


def test_the_login_method_of_rabbitmq_comes_from_the_settings_unless_the_url_names_one() -> None:
    url = with_transport_options(parse("amqps://h;amqps://i?login_method=AMQPLAIN"), {}, "EXTERNAL")
    assert [one.login_method for one in (url, *url.alternates)] == ["EXTERNAL", "AMQPLAIN"]
