import pytest

from celery_monitor.settings import AccessSettings, JwtSettings, Role, StaticToken
from celery_monitor.web.identity.caller import Caller, Source
from celery_monitor.web.identity.login_links import LINK_SECONDS, LoginLinks
from celery_monitor.web.identity.sessions import SESSION_SECONDS, Sessions, session_key

ANN = Caller("ann", Role.OPERATOR, Source.TOKEN)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_cookie_has_the_identity_until_it_expires() -> None:
    clock = Clock()
    sessions = Sessions(b"k" * 32, clock)
    cookie, expires = sessions.start(ANN)
    caller = sessions.caller(cookie)
    assert caller is not None
    assert (caller.name, caller.role, caller.source, caller.ambient) == (
        "ann",
        Role.OPERATOR,
        Source.TOKEN,
        True,
    )
    clock.now = expires
    assert sessions.caller(cookie) is None


def test_a_session_ends_with_its_token() -> None:
    clock = Clock()
    sessions = Sessions(b"k" * 32, clock)
    short = Caller("ann", Role.VIEWER, Source.JWT, expires=clock.now + 60)
    assert sessions.start(short)[1] == clock.now + 60
    assert sessions.start(ANN)[1] == clock.now + SESSION_SECONDS


def test_an_ended_session_is_useless() -> None:
    sessions = Sessions(b"k" * 32, Clock())
    cookie, _ = sessions.start(ANN)
    other, _ = sessions.start(ANN)
    sessions.end(cookie)
    assert sessions.caller(cookie) is None
    assert sessions.caller(other) is not None


def test_a_forged_cookie_is_no_session() -> None:
    sessions = Sessions(b"k" * 32, Clock())
    cookie, _ = sessions.start(ANN)
    payload, _, signature = cookie.partition(".")
    forged, _ = Sessions(b"x" * 32, Clock()).start(Caller("ann", Role.ADMIN, Source.TOKEN))
    swapped = forged.partition(".")[0] + "." + signature
    for bad in ("", ".", "x", payload, f"{payload}.", forged, swapped, "ä.ä", f"{cookie}x", "x" * 5000):
        assert sessions.caller(bad) is None
        sessions.end(bad)
    assert sessions.caller(cookie) is not None


def access(**parts: object) -> AccessSettings:
    token = StaticToken("ann", Role.VIEWER, "token-of-ann-1234")
    return AccessSettings(**{"tokens": (token,), "session_secret": "s" * 32, **parts})  # type: ignore[arg-type]


def test_other_credentials_end_all_sessions() -> None:
    key = session_key(access())
    assert key == session_key(access())
    assert key != session_key(access(tokens=(StaticToken("ann", Role.VIEWER, "token-of-ann-5678"),)))
    assert key != session_key(access(tokens=(StaticToken("ann", Role.ADMIN, "token-of-ann-1234"),)))
    assert key != session_key(access(jwt=JwtSettings(secret="x" * 32)))
    assert key != session_key(access(session_secret="t" * 32))
    assert key != session_key(access(kubernetes_tokens=True))
    issuers = [access(jwt=JwtSettings(jwks_url="https://a/keys", issuer=name)) for name in ("a", "b")]
    assert len({session_key(one) for one in issuers}) == 2


def test_without_a_secret_each_process_has_its_own_key() -> None:
    assert session_key(AccessSettings()) != session_key(AccessSettings())


def test_a_login_link_works_once() -> None:
    links = LoginLinks(Clock())
    secret = links.make()
    caller = links.redeem(secret)
    assert caller is not None
    assert caller.role is Role.ADMIN
    assert links.redeem(secret) is None


@pytest.mark.parametrize("wrong", ["", "x", "ä", "\udc80"])
def test_a_wrong_link_does_nothing(wrong: str) -> None:
    assert LoginLinks(Clock()).redeem(wrong) is None


def test_a_login_link_expires_and_their_number_is_bounded() -> None:
    clock = Clock()
    links = LoginLinks(clock)
    first = links.make()
    old = links.make()
    clock.now += LINK_SECONDS
    assert links.redeem(old) is None
    for _ in range(100):
        links.make()
    clock.now -= LINK_SECONDS
    assert links.redeem(first) is None
