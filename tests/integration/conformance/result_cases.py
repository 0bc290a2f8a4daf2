"""The configurations of result backends."""

from collections.abc import Iterator
from typing import Any

from tests.integration.conformance.case import HOST, NONE, REQUIRED, SENTINEL, Case

_PASSWORDS = {"": "hunter2", ":hunter2@": "wrong"}


def _store(url: str, *, unclear: bool = False, otherwise_in: tuple[str, ...] = (), **more: Any) -> Case:
    settings = {"broker_url": f"redis://{HOST}:<plain>/0", "result_backend": url, **more}
    return Case(settings, unclear, otherwise_in, backend=True)


def result_backends() -> Iterator[Case]:
    """Each with a broker that answers."""
    plain, tls = f"{HOST}:<plain>", f"{HOST}:<tls>/0"
    for url in (
        f"redis://{plain}/2",
        f"redis://{plain}/shop",
        f"redis://{plain}/0?db=5",
        *(f"redis://{plain}{end}" for end in ("/2/", "//", f"/0;redis://{plain}/1", "/0?port=<closed>")),
        *(f"redis://{plain}/0?{one}" for one in ("socket_timeout=3", "socket_timeout=abc", "timeout=3")),
        *(f"redis://{user}{HOST}:<locked>/0?password={word}" for user, word in _PASSWORDS.items()),
        *(f"Redis://{plain}/0", f"redis://{plain}/0?shop=1"),
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
    yield _store(SENTINEL, result_backend_transport_options=named)
    yield _store(SENTINEL, result_backend_transport_options={"master_name": "other"})
    yield _store(f"redis://{plain}/0", result_backend_transport_options={"global_keyprefix": "shop:"})
    # Celery 5.3 does not know the option.
    number = {"global_keyprefix": 5}
    yield _store(f"redis://{plain}/0", result_backend_transport_options=number, otherwise_in=("5.3.6",))
    yield _store(f"redis://{plain}/0", result_backend_transport_options=None)
    yield _store(f"redis://{plain}/0", redis_max_connections="9")
    yield _store(f"redis://{plain}/0", redis_backend_health_check_interval="3")
    for url in ("redis", f"redis://{HOST}", f"redis://:wrong@{HOST}"):
        yield _store(url, redis_port="<locked>", redis_password="hunter2")
    yield _store("redis", redis_host=HOST, redis_port="<closed>")
    yield _store(f"redis://{plain}/0?virtual_host=99")
