"""The application of this program's own has the same connection, in the form that kombu takes."""

import ssl

import pytest
from kombu import Connection

from celery_health.survey.own_app import for_kombu, own_app
from celery_health.urls import parse


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("sentinel://a/0?master_name=shop;sentinel://b/0", "sentinel://a/0;sentinel://b/0"),
        ("amqps://h//?ssl_ca_certs=/ca.pem&heartbeat=30", "amqps://h//?heartbeat=30"),
        ("rediss://h/0?ssl_cert_reqs=none", "rediss://h/0?ssl_cert_reqs=none"),
        ("amqp://u:p@h//", "amqp://u:p@h//"),
    ],
)
def test_the_url_has_nothing_that_kombu_refuses(url: str, taken: str) -> None:
    assert for_kombu(url, parse(url)) == taken
    Connection(taken)


def test_what_the_url_may_not_have_is_a_setting() -> None:
    amqp = own_app("amqps://h//?ssl_ca_certs=/ca.pem&ssl_cert_reqs=required", None)
    assert amqp.conf.broker_use_ssl == {"ca_certs": "/ca.pem", "cert_reqs": ssl.CERT_REQUIRED}
    sentinel = own_app("sentinel://a/0?master_name=shop", None)
    assert sentinel.conf.broker_transport_options == {"master_name": "shop"}
