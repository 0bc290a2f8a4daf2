"""The configurations: what applications set for their broker and their result backend."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Settings = Mapping[str, Any]

HOST = "127.0.0.1"
NONE, REQUIRED = 0, 2
"""``ssl.CERT_NONE`` and ``ssl.CERT_REQUIRED`` as JSON has them."""
_FILES = {"certfile": "<cert>", "keyfile": "<key>"}
_OF_REDIS = {f"ssl_{name}": path for name, path in _FILES.items()}
_MUTUAL = "ssl_ca_certs=<ca>&ssl_certfile=<cert>&ssl_keyfile=<key>&ssl_cert_reqs=required"
_SENTINEL = f"sentinel://:hunter2@{HOST}:<sentinel>/0"


_PARTS = ("broker_user", "broker_password", "broker_vhost", "broker_port", "broker_login_method")


@dataclass(frozen=True)
class Case:
    """One configuration.

    ``unclear``: this program may say that it does not know. ``otherwise_in``: versions of Celery that do
    something else than the one that this program is tested with. ``backend``: the result backend counts.
    """

    settings: Settings
    unclear: bool = False
    otherwise_in: tuple[str, ...] = ()
    backend: bool = False

    @property
    def is_url(self) -> bool:
        """Whether the URL says all of it, so that those who know no more have to be right as well."""
        return self.settings.keys() <= {"broker_url", "broker_transport_options"}

    @property
    def replaces_url(self) -> bool:
        """Whether settings stand for parts of the URL, so that it says nothing to those who know no more."""
        return not self.settings.keys().isdisjoint(_PARTS)


def _broker(url: Any, *, unclear: bool = False, otherwise_in: tuple[str, ...] = (), **more: Any) -> Case:
    return Case({"broker_url": url, **more}, unclear, otherwise_in)


def _store(url: str, *, unclear: bool = False, otherwise_in: tuple[str, ...] = (), **more: Any) -> Case:
    settings = {"broker_url": f"redis://{HOST}:<plain>/0", "result_backend": url, **more}
    return Case(settings, unclear, otherwise_in, backend=True)


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
    ):
        yield _broker(url)
    # redis-py 8 logs in where there is no password, and older ones do not.
    yield _broker(f"redis://:hunter2@{plain}/0", unclear=True)
    yield _broker([f"redis://{HOST}:<closed>/0", f"redis://{plain}/0"])
    yield _broker(f"redis://{locked}/0", broker_password="hunter2")
    yield _broker(f"redis://{plain}/0", broker_transport_options={"global_keyprefix": "shop:"})
    yield _broker(f"redis://{plain}/0", broker_transport_options={"socket_timeout": 3, "max_connections": 9})
    yield _broker(f"redis://{plain}/0", broker_transport_options={"master_name": "shop"})


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
    yield _broker(_SENTINEL)
    yield _broker(f"{_SENTINEL}?master_name=shop")
    yield _broker(_SENTINEL, broker_transport_options=named)
    yield _broker(f"sentinel://{HOST}:<sentinel>/0", broker_transport_options=named)
    yield _broker(_SENTINEL, broker_transport_options={"master_name": "other"})
    yield _broker(f"sentinel://{HOST}:<closed>/0;{_SENTINEL}", broker_transport_options=named)
    yield _broker(f"{_SENTINEL};sentinel://{HOST}:<closed>/0", broker_transport_options=named)
    yield _broker(locked, broker_transport_options=named)
    yield _broker(locked, broker_transport_options=login)
    yield _broker(_SENTINEL, broker_transport_options=named, broker_use_ssl={"ssl_cert_reqs": NONE})


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
        f"amqp://{HOST}:<closed>//;amqp://{at}//",
        f"amqp://shop:wrong@{at}//;amqp://shop:hunter2@{at}//",
        f"amqp://{HOST}:<silent>//",
        f"amqp://{HOST}:<plain>//",
        f"redis://{HOST}:<rabbit>/0",
        HOST,
    ):
        yield _broker(url)
    yield _broker(HOST, broker_port="<rabbit>")
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


def _stores() -> Iterator[Case]:
    plain, tls = f"{HOST}:<plain>", f"{HOST}:<tls>/0"
    for url in (
        f"redis://{plain}/2",
        f"redis://{plain}/shop",
        f"redis://{plain}/0?db=5",
        f"redis://{plain}/0?socket_timeout=3",
        f"redis://{plain}/0?shop=1",
        f"redis://:hunter2@{HOST}:<locked>/0",
        f"redis://:wrong@{HOST}:<locked>/0",
        f"redis://{HOST}:<closed>/0",
        f"redis://{plain}/0?ssl_cert_reqs=none",
        f"rediss://{tls}",
        f"rediss://{tls}?ssl_cert_reqs=none",
        f"rediss://{tls}?ssl_cert_reqs=CERT_NONE",
        f"rediss://{tls}?ssl_cert_reqs=never",
        f"rediss://{tls}?ssl_cert_reqs=required&ssl_ca_certs=<ca>",
        "redis+socket://<socket>",
        "redis+socket://<socket>?virtual_host=3",
        "redis+socket://<folder>/missing.sock",
        "reddis://127.0.0.1/0",
    ):
        yield _store(url)
    for url in ("rpc://", "disabled", "file://<folder>", "cache+memory://", "celery.backends.rpc.RPCBackend"):
        yield _store(url, unclear=True)
    for options in ({"ssl_cert_reqs": NONE}, {"ssl_cert_reqs": REQUIRED, "ssl_ca_certs": "<ca>"}):
        yield _store(f"redis://{tls}", redis_backend_use_ssl=options, otherwise_in=("5.7.0",))
        yield _store(f"rediss://{tls}", redis_backend_use_ssl=options)
    yield _store(f"redis://{tls}", redis_backend_use_ssl={"cert_reqs": NONE})
    yield _store(f"rediss://{tls}", redis_backend_use_ssl={"cert_reqs": NONE})
    named = {"master_name": "shop"}
    yield _store(_SENTINEL, result_backend_transport_options=named)
    yield _store(_SENTINEL, result_backend_transport_options={"master_name": "other"})
    yield _store(f"redis://{plain}/0", result_backend_transport_options={"global_keyprefix": "shop:"})


def all_cases() -> dict[str, Case]:
    """By a name that shows the whole configuration."""
    kinds = (_redis(), _redis_tls(), _sentinels(), _rabbitmq(), _rabbitmq_tls(), _stores())
    return {" ".join(_words(one)): one for kind in kinds for one in kind}


def _words(case: Case) -> Iterator[str]:
    for name, value in case.settings.items():
        if not (case.backend and name == "broker_url"):
            yield f"{name}={value}"
