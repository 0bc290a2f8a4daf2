"""URLs are read as kombu reads them, and no part of a secret is shown."""

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kombu.utils.url import url_to_parts
from sqlalchemy.engine import make_url

from celery_health.urls import BrokerKind, BrokerUrl, UrlError, parse, parse_management, parse_result_backend


@pytest.mark.parametrize(
    ("url", "kind", "tls"),
    [
        ("redis://localhost", BrokerKind.REDIS, False),
        ("rediss://localhost", BrokerKind.REDISS, True),
        ("sentinel://localhost", BrokerKind.SENTINEL, False),
        ("amqp://localhost", BrokerKind.AMQP, False),
        ("pyamqp://localhost", BrokerKind.AMQP, False),
        ("librabbitmq://localhost", BrokerKind.AMQP, False),
        ("amqps://localhost", BrokerKind.AMQPS, True),
        ("amqp://localhost?ssl=1", BrokerKind.AMQPS, True),
        ("amqps://localhost?ssl=1", BrokerKind.AMQPS, True),
        ("sqs://key:secret@", BrokerKind.OTHER, False),
        ("redis+socket:///run/redis.sock", BrokerKind.REDIS, False),
        ("db+postgresql://user:pw@host/results", BrokerKind.POSTGRESQL, False),
        ("db+postgresql+psycopg2://host/results", BrokerKind.POSTGRESQL, False),
        ("postgres://host/shop", BrokerKind.POSTGRESQL, False),
        ("db+mysql+pymysql://host/results", BrokerKind.MYSQL, False),
        ("mariadb://host/shop", BrokerKind.MYSQL, False),
        ("db+sqlite:////var/results.db", BrokerKind.SQLITE, False),
        ("db+postgresql:///shop?host=a,b", BrokerKind.OTHER, False),
        ("db+mssql+pyodbc://host/results", BrokerKind.OTHER, False),
        ("sqla+postgresql://host/broker", BrokerKind.OTHER, False),
        ("memory://", BrokerKind.OTHER, False),
    ],
)
def test_the_scheme_decides_the_kind(url: str, kind: BrokerKind, tls: bool) -> None:
    parsed = parse(url)
    assert (parsed.kind, parsed.tls) == (kind, tls)


def test_every_part_is_read_and_percent_decoded() -> None:
    url = parse("redis://us%40er:p%2Fw%40@redis.example:6380/3?ssl_cert_reqs=none")
    assert (url.host, url.port, url.username, url.password) == ("redis.example", 6380, "us@er", "p/w@")
    assert url.database == 3
    assert url.vhost is None
    assert url.query == {"ssl_cert_reqs": "none"}


@pytest.mark.parametrize(("path", "database"), [("7", 7), ("+1", 1), ("1_0", 10), ("\uff11", 1), ("/2", 2)])
def test_the_database_of_redis_is_any_number_that_int_reads(path: str, database: int) -> None:
    assert parse(f"redis://h/{path}").database == database


def test_what_is_left_out_takes_the_default_of_kombu() -> None:
    assert (parse("redis://").host, parse("redis://").port, parse("redis://").database) == (
        "localhost",
        6379,
        0,
    )
    assert (parse("amqp://host").port, parse("amqp://host").vhost) == (5672, "/")
    assert parse("amqps://host").port == 5671
    assert parse("sentinel://host").port == 26379


@pytest.mark.parametrize(
    ("url", "vhost"),
    [
        ("amqp://h/", "/"),
        ("amqp://h//", "/"),
        ("amqp://h/shop", "shop"),
        ("amqp://h/%2Fshop", "/shop"),
        ("amqp://h/a?virtual_host=b", "b"),
    ],
)
def test_the_vhost_is_the_decoded_path(url: str, vhost: str) -> None:
    assert parse(url).vhost == vhost


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("db+postgresql://u:p@h/shop", ("h", 5432, "u", "p", "shop")),
        ("postgresql://u%40:p%40w@h:6000/shop?sslmode=require", ("h", 6000, "u@", "p@w", "shop")),
        ("db+postgresql://u:a/b?c;d@h/shop", ("h", 5432, "u", "a/b?c;d", "shop")),
        ("db+postgresql:///shop?host=/run/postgresql", ("/run/postgresql", 5432, None, None, "shop")),
        ("db+postgresql:///shop?host=db:6000", ("db", 6000, None, None, "shop")),
        ("postgresql://[::1]/shop", ("::1", 5432, None, None, "shop")),
        ("db+mysql://u@h", ("h", 3306, "u", None, "")),
        ("mysql://", ("localhost", 3306, None, None, "")),
        ("db+sqlite:////var/r.db", ("", None, None, None, "/var/r.db")),
        ("db+sqlite:///r.db", ("", None, None, None, "r.db")),
        ("db+sqlite://", ("", None, None, None, "")),
    ],
)
def test_database_urls_are_read_as_sqlalchemy_reads_them(url: str, parts: tuple[object, ...]) -> None:
    ours = parse(url)
    assert (ours.host, ours.port, ours.username, ours.password, ours.database_name) == parts


def test_failover_urls_are_the_alternates_of_the_first() -> None:
    url = parse("sentinel://a:26379/1; sentinel://b;sentinel://c:1;")
    assert (url.host, url.database) == ("a", 1)
    assert [(other.host, other.port) for other in url.alternates] == [("b", 26379), ("c", 1)]


@pytest.mark.parametrize("name", ["rpc", "django-db", "disabled", "redis", "shop.stores:Own", "shop.Own"])
def test_a_result_backend_given_by_name_cannot_be_read_but_is_no_error(name: str) -> None:
    url = parse_result_backend(name)
    assert url.kind is BrokerKind.OTHER
    assert url.address == name


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("", "write redis://HOST"),
        (" ; ", "write redis://HOST"),
        ("redis.example:6379", "has no scheme: write"),
        ("redis:/host/0", "has no scheme: begin it with redis://."),
        ("rediss//:hunter2@host/0", "has no scheme: begin it with rediss://."),
        ('"redis://host/0"', "stands in quotation marks: remove them"),
        ("'amqp://host'", "stands in quotation marks: remove them"),
        ("://host", "does not begin with a scheme: write"),
        ("red is://host", "does not begin with a scheme"),
        ("redis://host:port/0", "percent-encode"),
        ("redis://[::1/0", "percent-encode"),
        ("redis://host/zero", "write redis://HOST:PORT/0"),
        ("redis://:hunter2/x@host/0", "percent-encode"),
        ("redis://:12/hunter2@host/0", "percent-encode"),
        ("redis://user/hunter2@host/0", "percent-encode"),
        ("redis://:12/hunter2;x@host/0", "percent-encode ';'"),
        ("redis://:12?hunter2@host/0", "percent-encode"),
        ("amqp://user:/hunter2@host/vh", "percent-encode"),
        ("amqp://user:12@hunter2?x@host/vh", "percent-encode"),
        ("amqp://user:hunter2#x@host:5672/vh", "percent-encode"),
        ("redis://host/hunter2", "write redis://HOST:PORT/0"),
        ("postgresql://u:ab@hunter2?x@host/db", "percent-encode"),
        ("postgresql://user:x@hunter2@host/shop", "percent-encode"),
        ("postgresql://us/er:hunter2@host/shop", "percent-encode"),
        ("postgresql://user:hunter2/shop", "percent-encode"),
        ("postgresql://host:70000/shop", "percent-encode"),
        ("db+sqlite://hunter2/r.db", "write db+sqlite:////ABSOLUTE/PATH"),
    ],
)
def test_a_wrong_url_gets_an_error_that_says_what_to_write_and_keeps_the_secret(
    url: str, advice: str
) -> None:
    with pytest.raises(UrlError) as caught:
        parse(url)
    assert advice in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://u:hunter2@h:1/2?password=hunter2", "redis://h:1/2"),
        ("amqp://u:hunter2@h//", "amqp://h:5672/"),
        ("amqp://u:hunter2@h/shop", "amqp://h:5672/shop"),
        ("amqp://u:hunter2@h//shop", "amqp://h:5672//shop"),
        (
            "redis+socket://:hunter2@/run/redis.sock?virtual_host=2",
            "redis+socket:///run/redis.sock?virtual_host=2",
        ),
        ("redis://:hunter2@[::1]:6379/0", "redis://[::1]:6379/0"),
        ("sqs://AKID:hunter2@", "sqs://"),
        ("db+postgresql://u:hunter2@h/shop?password=hunter2", "db+postgresql://h:5432/shop"),
        ("db+mysql://u:hunter2@[::1]/shop", "db+mysql://[::1]:3306/shop"),
        ("db+sqlite:////var/r.db?x=hunter2", "db+sqlite:////var/r.db"),
        ("sqlite://", "sqlite://"),
        ("azurestoragequeues://:hunter2@https://account.queue.example", "azurestoragequeues://"),
    ],
)
def test_the_address_and_the_repr_show_no_credentials(url: str, address: str) -> None:
    parsed = parse(url)
    assert parsed.address == address
    assert "hunter2" not in repr(parsed)


@given(text=st.text(max_size=60))
def test_any_text_is_parsed_or_refused_with_advice(text: str) -> None:
    try:
        kind = parse(text).kind
    except UrlError as error:
        advice = str(error)
    else:
        advice = f"write as {kind}"
    assert "write" in advice


_WORD = st.text(st.sampled_from("abc%40-_.~é/@: "), max_size=8)


@given(user=_WORD, password=_WORD, vhost=_WORD)
def test_credentials_and_vhost_are_read_as_kombu_reads_them(user: str, password: str, vhost: str) -> None:
    url = f"amqp://{quote(user, safe='')}:{quote(password, safe='')}@host:1234/{quote(vhost, safe='')}"
    theirs = url_to_parts(url)
    ours = parse(url)
    assert (ours.host, ours.port) == (theirs.hostname, theirs.port)
    assert (ours.username, ours.password) == (theirs.username, theirs.password)
    assert ours.vhost == (theirs.path or "/")


@given(user=_WORD, password=_WORD, name=st.text(st.sampled_from("abc-_.~"), max_size=8))
def test_database_credentials_are_read_as_sqlalchemy_reads_them(user: str, password: str, name: str) -> None:
    url = f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@host:1234/{name}"
    theirs = make_url(url)
    ours = parse(f"db+{url}")
    assert (ours.host, ours.port) == (theirs.host, theirs.port)
    assert (ours.username, ours.password) == (theirs.username or None, theirs.password or None)
    assert ours.database_name == (theirs.database or "")


_RAW = st.text(st.sampled_from("a1:/?#@;&=%[]'\"\\"), max_size=12)
_SCHEMES = st.sampled_from(["amqp", "redis", "sentinel", "db+postgresql", "mysql"])


@given(before=_RAW, after=_RAW, scheme=_SCHEMES)
def test_a_password_that_is_not_encoded_is_never_shown(before: str, after: str, scheme: str) -> None:
    shown = all_that_is_shown(parse, f"{scheme}://user:{before}hunter2{after}@host/1")
    assert "hunter2" not in shown


@given(before=_RAW, after=_RAW)
def test_a_password_of_the_management_api_that_is_not_encoded_is_never_shown(before: str, after: str) -> None:
    shown = all_that_is_shown(parse_management, f"http://user:{before}hunter2{after}@host/prefix")
    assert "hunter2" not in shown


def all_that_is_shown(parsing: Callable[[str], BrokerUrl], text: str) -> str:
    """Of a URL, or of the error that refuses it."""
    try:
        url = parsing(text)
    except UrlError as error:
        return str(error)
    return f"{url.address} {url!r} {[one.address for one in url.alternates]}"


@pytest.mark.parametrize("host", ["redis..svc", ".svc", "x" * 64 + ".svc"])
@pytest.mark.parametrize(
    "url", ["redis://:pw@{}/0", "amqps://{}", "postgresql://{}/db", "redis://h;redis://{}"]
)
def test_a_host_that_cannot_be_resolved_is_refused(url: str, host: str) -> None:
    with pytest.raises(UrlError, match=re.escape(f"{host!r} in the ")):
        parse(url.format(host))
    with pytest.raises(UrlError, match=re.escape(f"{host!r} in the http URL is no host name")):
        parse_management(f"http://{host}")


@pytest.mark.parametrize("host", ["svc.", "my_redis", "bücher.example", "[::1]", "x" * 63])
def test_a_host_that_can_be_resolved_is_taken(host: str) -> None:
    assert parse(f"redis://{host}/0").host == host.strip("[]")


@pytest.mark.parametrize("character", ["%0A", "%0d%0a", "%00", "%1B", "%7F", "%C2%85", "%E2%80%A8"])
@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("redis://:12{}34@host/0", "password"),
        ("rediss://us{}er:pw@host/0", "user"),
        ("amqp://user:p{}w@host/vhost", "password"),
        ("amqp://user:pw@host/vh{}ost", "path"),
        ("redis://ho{}st/0", "host"),
        ("sentinel://host/0?master_name=a{}b", "query"),
        ("redis://host/0;redis://:a{}b@other/0", "password"),
        ("db+postgresql://user:p{}w@host/results", "password"),
        ("redis+socket://:p{}w@/run/redis.sock", "password"),
    ],
)
def test_a_control_character_is_refused_and_not_quoted(url: str, part: str, character: str) -> None:
    with pytest.raises(UrlError) as refused:
        parse(url.format(character))

    message = str(refused.value)
    assert message.startswith(f"The {part} of the ")
    assert message.endswith("contains a control character, such as a line break (%0A): remove it.")


def test_a_control_character_in_the_url_of_a_management_api_is_refused() -> None:
    with pytest.raises(UrlError, match="The password of the http URL contains a control character"):
        parse_management("http://user:p%0D%0Aw@host:15672")
