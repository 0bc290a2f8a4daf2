"""The configurations: what applications set for their broker and their result backend."""

from collections.abc import Iterator
from typing import Any

from tests.integration.conformance.case import HOST, NONE, REQUIRED, SENTINEL, Case
from tests.integration.conformance.result_cases import result_backends

_FILES = {"certfile": "<cert>", "keyfile": "<key>"}
_OF_REDIS = {f"ssl_{name}": path for name, path in _FILES.items()}
_MUTUAL = "ssl_ca_certs=<ca>&ssl_certfile=<cert>&ssl_keyfile=<key>&ssl_cert_reqs=required"


def _broker(url: Any, *, unclear: bool = False, otherwise_in: tuple[str, ...] = (), **more: Any) -> Case:
    return Case({"broker_url": url, **more}, unclear, otherwise_in)


def _redis() -> Iterator[Case]:
    plain, locked = f"{HOST}:<plain>", f"{HOST}:<locked>"
    for url in (
        f"redis://{plain}",
        f"redis://{plain}/",
        f"redis://{plain}/3",
        f"redis://{plain}//3",
        f"redis://{plain}/99",
        f"redis://{plain}/shop",
        f"redis://{plain}/0?virtual_host=2",
        f"redis://{plain}/0?db=5",
        f"redis://{plain}/0?socket_timeout=3",
        f"redis://{plain}/0?connect_timeout=3",
        f"redis://{plain}/0?health_check_interval=30",
        f"redis://:hunter2@{locked}/0",
        f"redis://default:hunter2@{locked}/0",
        f"redis://hunter2@{locked}/0",
        f"redis://stranger@{plain}/0",
        f"redis://:wrong@{locked}/0;redis://:hunter2@{locked}/0",
        f"redis://:wrong@{locked}/0",
        f"redis://{locked}/0",
        f"redis://:hunter%32@{locked}/0",
        f"redis://{HOST}:<closed>/0",
        f"redis://{HOST}:<closed>/0;redis://{plain}/0",
        f"redis://{plain}/0;redis://{HOST}:<closed>/0",
        "redis://localhost:<plain>/0",
        "redis://no-such-host.invalid:<plain>/0",
        f"redis://{HOST}:<silent>/0",
        f"REDIS://{plain}/0",
        f"reddis://{plain}/0",
        "redis+socket://<socket>",
        "redis+socket://<socket>?virtual_host=3",
        "redis+socket://<folder>/missing.sock",
        "redis://$REDIS_HOST:<plain>/0",
        *(f"redis://{plain}/0 ", f" redis://{plain}/0", f"redis://{HOST}:<closed>/0; redis://{plain}/0"),
        f"redis://{plain}/0?heartbeat=abc",
    ):
        yield _broker(url)
    # redis-py 8 logs in where there is no password, and older ones do not.
    yield _broker(f"redis://:hunter2@{plain}/0", unclear=True)
    yield _broker([f"redis://{HOST}:<closed>/0", f"redis://{plain}/0"])
    yield _broker(f"redis://{locked}/0", broker_password="hunter2")
    yield _broker(f"redis://{plain}/0", broker_transport_options={"global_keyprefix": "shop:"})
    yield _broker(f"redis://{plain}/0", broker_transport_options={"socket_timeout": 3, "max_connections": 9})
    yield _broker(f"redis://{plain}/0", broker_transport_options={"master_name": "shop"})
    for options in ({"max_connections": "9"}, {"queue_order_strategy": "nosuch"}, None):
        settings = {"broker_url": f"redis://{plain}/0", "broker_transport_options": options}
        yield Case(settings, beyond_url=True)
    free, closed = f"redis://{plain}/0", f"redis://{HOST}:<closed>/0"
    yield _broker(free, broker_write_url=closed)
    yield _broker(free, broker_write_url=f"redis://:hunter2@{locked}/0")
    yield _broker(closed, broker_read_url=free)
    yield _broker(closed, broker_read_url=free, broker_write_url=free)
    yield from (_broker(f"redis://{plain}", broker_vhost=name) for name in ("3", "99", "shop"))


def _redis_tls() -> Iterator[Case]:
    tls, mtls = f"{HOST}:<tls>/0", f"{HOST}:<mtls>/0"
    for query in (
        "",
        "?ssl_cert_reqs=none",
        "?ssl_cert_reqs=CERT_NONE",
        "?ssl_cert_reqs=None",
        "?ssl_cert_reqs=required",
        "?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs=<ca>",
        "?ssl_ca_certs=<ca>",
        "?ssl_cert_reqs=optional&ssl_ca_certs=<ca>",
        "?ssl_cert_reqs=required&ssl_ca_certs=<ca>&ssl_check_hostname=true",
        "?ssl_ca_certs=<folder>/missing.crt",
        "?ssl_cert_reqs=none&ssl_shop=1",
    ):
        yield _broker(f"rediss://{tls}{query}")
    yield _broker(f"rediss://{mtls}?{_MUTUAL}")
    yield _broker(f"rediss://{mtls}?ssl_cert_reqs=none")
    wrong = f"rediss://{HOST}:<elsewhere>/0"
    trusted = f"{wrong}?ssl_cert_reqs=required&ssl_ca_certs=<ca>"
    # redis-py 6 verifies the host name unless the option says no, and older ones the other way round.
    yield _broker(trusted, unclear=True)
    # kombu 5.3 takes the text "false" for true.
    yield _broker(f"{trusted}&ssl_check_hostname=false", otherwise_in=("5.3.6",))
    yield _broker(f"{trusted}&ssl_check_hostname=true")
    yield _broker(f"redis://{tls}")
    yield _broker(f"rediss://{HOST}:<plain>/0?ssl_cert_reqs=none")
    for options in (
        {"ssl_cert_reqs": NONE},
        {"ssl_cert_reqs": "none"},
        {"ssl_cert_reqs": "CERT_NONE"},
        {"ssl_cert_reqs": REQUIRED, "ssl_ca_certs": "<ca>"},
        {"ssl_ca_certs": "<ca>", "ssl_check_hostname": True},
        {"ssl_ca_certs": "<ca>", "ssl_check_hostname": False, "ssl_min_version": 772},
        {"cert_reqs": NONE},
        {"ca_certs": "<ca>"},
        True,
        {},
    ):
        yield _broker(f"redis://{tls}", broker_use_ssl=options)
        yield _broker(f"rediss://{tls}", broker_use_ssl=options)
    yield _broker(f"redis://{mtls}", broker_use_ssl={"ssl_ca_certs": "<ca>", **_OF_REDIS})
    yield _broker(f"redis://{mtls}", broker_use_ssl={"ssl_cert_reqs": NONE})
    yield _broker(f"redis://{HOST}:<plain>/0", broker_use_ssl=True)
    yield _broker(f"redis://{HOST}:<plain>/0", broker_use_ssl={"ssl_cert_reqs": NONE})
    # What the URL says replaces what the dict says.
    yield _broker(f"rediss://{tls}?ssl_cert_reqs=none", broker_use_ssl={"ssl_ca_certs": "<folder>/missing"})
    closed = f"{HOST}:<closed>/0"
    for urls in (
        f"rediss://{closed}?ssl_cert_reqs=none;rediss://{tls}",
        f"rediss://{closed};rediss://{tls}?ssl_cert_reqs=none",
        f"redis://{closed};rediss://{tls}?ssl_cert_reqs=none",
        f"rediss://{closed}?ssl_cert_reqs=none;redis://{tls}",
        f"rediss://{closed}?ssl_cert_reqs=none;redis://{HOST}:<plain>/0",
    ):
        yield _broker(urls)
    yield _broker(f"redis://{closed};redis://{tls}", broker_use_ssl={"ssl_cert_reqs": NONE})


def _sentinels() -> Iterator[Case]:
    named = {"master_name": "shop"}
    login = {**named, "sentinel_kwargs": {"password": "hunter2"}}
    locked = f"sentinel://:hunter2@{HOST}:<sentinel_locked>/0"
    yield _broker(SENTINEL)
    yield _broker(f"{SENTINEL}?master_name=shop")
    yield _broker(SENTINEL, broker_transport_options=named)
    yield _broker(f"sentinel://{HOST}:<sentinel>/0", broker_transport_options=named)
    yield _broker(SENTINEL, broker_transport_options={"master_name": "other"})
    yield _broker(f"sentinel://{HOST}:<closed>/0;{SENTINEL}", broker_transport_options=named)
    yield _broker(f"{SENTINEL};sentinel://{HOST}:<closed>/0", broker_transport_options=named)
    yield _broker(locked, broker_transport_options=named)
    yield _broker(locked, broker_transport_options=login)
    yield _broker(SENTINEL, broker_transport_options=named, broker_use_ssl={"ssl_cert_reqs": NONE})


def _rabbitmq() -> Iterator[Case]:
    at = f"{HOST}:<rabbit>"
    for url in (
        f"amqp://{at}",
        f"amqp://{at}//",
        f"amqp://guest@{at}//",
        f"amqp://guest:guest@{at}//",
        f"amqp://shop:hunter2@{at}/prod",
        f"amqp://shop:hunter2@{at}//prod",
        f"amqp://shop:hunter2@{at}/%2Fprod",
        f"amqp://shop:hunter2@{at}/%2F",
        f"amqp://shop:hunter2@{at}/?virtual_host=prod",
        f"amqp://shop:hunter2@{at}/missing",
        f"amqp://guest:guest@{at}/prod",
        f"amqp://shop:wrong@{at}//",
        f"amqp://odd:p%2Fw%3Fd%23%2540%3A@{at}//",
        f"amqp://odd:p/w?d#%40:@{at}//",
        f"pyamqp://guest:guest@{at}//",
        f"ampq://guest:guest@{at}//",
        f"amqp://{at}//?heartbeat=30",
        f"amqp://{at}//?connection_timeout=5",
        f"amqp://{at}//?login_method=AMQPLAIN",
        f"amqp://{at}//?login_method=EXTERNAL",
        *(f"amqp://{at}//{end}" for end in ("?login_method=plain", "?heartbeat=abc", " ")),
        f"amqp://{HOST}:<closed>//;amqp://{at}//",
        f"amqp://shop:wrong@{at}//;amqp://shop:hunter2@{at}//",
        f"amqp://{HOST}:<silent>//",
        f"amqp://{HOST}:<plain>//",
        f"redis://{HOST}:<rabbit>/0",
        *(HOST, at, f"guest:guest@{at}//"),
    ):
        yield _broker(url)
    yield from (_broker(HOST, broker_port="<rabbit>"), _broker(f"redis://{at}//", broker_transport="amqp"))
    yield _broker(f"amqp://{at}//", broker_user="shop", broker_password="hunter2", broker_vhost="prod")
    yield _broker(f"amqp://{at}//", broker_login_method="AMQPLAIN")
    yield _broker(f"amqp://{at}//", broker_login_method="EXTERNAL")
    yield _broker(f"amqp://{at}//", broker_transport_options={"confirm_publish": True})
    yield _broker(f"amqp://{at}//", broker_transport_options={"socket_timeout": 5})
    yield _broker(f"amqp://{at}//", broker_heartbeat=10, broker_connection_timeout=3)


def _rabbitmq_tls() -> Iterator[Case]:
    at = f"{HOST}:<rabbit_tls>//"
    trusted = {"ca_certs": "<ca>", "cert_reqs": REQUIRED}
    yield _broker(f"amqps://{at}")
    yield _broker(f"amqps://{at}?ssl_cert_reqs=none")
    yield from (_broker(f"{scheme}://{at}?ssl=1") for scheme in ("amqp", "amqps"))
    yield _broker(f"amqps://{at}?ssl_ca_certs=<ca>")
    yield _broker(f"amqp://{at}")
    for options in (
        trusted,
        {"ca_certs": "<ca>"},
        {"cert_reqs": NONE},
        {"cert_reqs": "none"},
        {"cert_reqs": "CERT_NONE"},
        {"ssl_ca_certs": "<ca>"},
        {**trusted, "server_hostname": "localhost"},
        {**trusted, "server_hostname": "elsewhere"},
        {**trusted, "check_hostname": True},
        {"context": {"cafile": "<ca>"}},
        {**trusted, "ciphers": "NONSENSE"},
        {**trusted, **_FILES},
        {**_FILES, "cert_reqs": NONE},
        {"ca_certs": "<folder>/missing.crt"},
        True,
    ):
        yield _broker(f"amqp://{at}", broker_use_ssl=options)
        yield _broker(f"amqps://{at}", broker_use_ssl=options)
    yield _broker(f"amqps://{at}", broker_use_ssl={**trusted, **_FILES}, broker_login_method="EXTERNAL")
    yield _broker(f"amqps://{at}", broker_use_ssl=trusted, broker_login_method="EXTERNAL")
    yield _broker(f"amqp://{HOST}:<rabbit>//", broker_use_ssl=trusted)
    yield _broker(f"amqp://{HOST}:<closed>//;amqp://{at}", broker_use_ssl=trusted)
    yield _broker(f"amqps://{HOST}:<closed>//;amqps://{at}", broker_use_ssl=trusted)
    yield _broker(f"amqp://{HOST}:<closed>//;amqps://{at}", broker_use_ssl=trusted)


def all_cases() -> dict[str, Case]:
    """By a name that shows the whole configuration."""
    kinds = (_redis(), _redis_tls(), _sentinels(), _rabbitmq(), _rabbitmq_tls(), result_backends())
    return {" ".join(one.words()): one for kind in kinds for one in kind}
