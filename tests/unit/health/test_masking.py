"""No secret that its place shows survives in what the programs say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_health.redaction import redact


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("nothing to hide at 10:30", "nothing to hide at 10:30"),
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("cannot reach redis://u:hunter2@h:6379/0.", "cannot reach redis://***@h:6379/0."),
        ("redis://:hun@ter2@h/0", "redis://***@h/0"),
        ("redis://:hun/ter2@h/0", "redis://***@h/0"),
        ("redis://TOKENHUNTER2@h/0", "redis://***@h/0"),
        ("sentinel://:hunter2@a;sentinel://:hunter2@b/0", "sentinel://***@b/0"),
        ("url='amqp://u:hunter2@h//', next", "url='amqp://***@h//', next"),
        ("redis://h/0?password=hunter2&db=1", "redis://h/0?password=***&db=1"),
        ("redis://h/0?ssl_PASSWORD=hunter2", "redis://h/0?ssl_PASSWORD=***"),
        ("get https://h/x?auth=hunter2&since=1h", "get https://h/x?auth=***&since=1h"),
        ("https://h/x?key=hunter2 failed", "https://h/x?key=*** failed"),
        ("https://h/x?sig=it's-hunter2", "https://h/x?sig=***"),
        ("'https://h/x?sig=hunter2', next", "'https://h/x?sig=***', next"),
        ("https://h/x#id_token=hunter2", "https://h/x#id_token=***"),
        ("https://h/x?pass%77ord=hunter2", "https://h/x?pass%77ord=***"),
        (r'{"url": "redis:\/\/u:hunter2@h\/0"}', r'{"url": "redis:\/\/***@h\/0"}'),
        ("next=redis%3A%2F%2Fu%3Ahunter2%40h%2F0", "next=redis%3A%2F%2F***%40h%2F0"),
        ("next=https%3A%2F%2Fh%3Fkey%3Dhunter2", "next=https%3A%2F%2Fh%3Fkey%3D***"),
        ("GET /x?passphrase=hunter2", "GET /x?passphrase=***"),
        ("Redis(host='h', password='hunter2', db=0)", "Redis(host='h', password='***', db=0)"),
        (r"Redis(password='hun\'ter2', db=0)", "Redis(password='***', db=0)"),
        ('{"passphrase": "hunter2", "n": 1}', '{"passphrase": "***", "n": 1}'),
        (r'"{\"api_key\": \"hunter2\", \"n\": 1}"', r'"{\"api_key\": \"***\", \"n\": 1}"'),
        ("b'token': b'hunter2'", "b'token': b'***'"),
        ("Correct the password: Redis refuses it.", "Correct the password: Redis refuses it."),
        ('the Secret "shop" has no key password', 'the Secret "shop" has no key password'),
        ("write to ops@example.org", "write to ops@example.org"),
        ("host=h password=hunter2 dbname=x", "host=h password=*** dbname=x"),
        ("DRIVER={x};UID=u;PWD=hunter2;DATABASE=d", "DRIVER={x};UID=u;PWD=***;DATABASE=d"),
        ("run with DB_PASSWORD = hunter2, please", "run with DB_PASSWORD = ***, please"),
        ("PWD={hun;ter2};DATABASE=d", "PWD=***;DATABASE=d"),
        ("password=$hunter2 dbname=x", "password=*** dbname=x"),
        ("password=hun(ter,2&x dbname=x", "password=*** dbname=x"),
        ("(with password=hunter2).", "(with password=***)."),
        ("write --from-literal=token=$TOKEN", "write --from-literal=token=$TOKEN"),
        ("write CELERY_MONITOR_TOKEN=<token>", "write CELERY_MONITOR_TOKEN=<token>"),
    ],
)
def test_redaction_masks_credentials_and_leaves_the_rest(text: str, redacted: str) -> None:
    assert redact(text) == redacted


_SECRET = st.text(
    st.characters(
        min_codepoint=33, max_codepoint=0x2FF, exclude_characters=" \x7f", categories=["L", "N", "P", "S"]
    ),
    min_size=1,
    max_size=20,
)


@given(before=st.text(max_size=20), secret=_SECRET, after=st.text(max_size=20))
def test_no_password_survives_redaction_whatever_stands_around_it(
    before: str, secret: str, after: str
) -> None:
    marked = f"hunter2{secret}hunter2"
    shown = redact(f"{before} redis://user:{marked}@host:6379/0 {after}")
    assert "hunter2" not in shown


@given(text=st.text(max_size=200))
def test_redaction_done_twice_changes_nothing_more(text: str) -> None:
    assert redact(redact(text)) == redact(text)
