import base64
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from celery_monitor.settings import JwtSettings, Role
from celery_monitor.web.identity.caller import CredentialRefusedError, Source
from celery_monitor.web.identity.json_web_tokens import JsonWebTokens
from celery_monitor.web.identity.jwks import PublicKey, read_keys

SECRET = "s" * 40
SETTINGS = JwtSettings(secret=SECRET, issuer="https://issuer", audience="celery-monitor")


def in_seconds(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def claims(**changed: Any) -> dict[str, Any]:
    given = {
        "sub": "ann",
        "iss": "https://issuer",
        "aud": "celery-monitor",
        "exp": in_seconds(3600),
        "role": "operator",
        **changed,
    }
    return {name: value for name, value in given.items() if value is not None}


def token(key: Any = SECRET, algorithm: str = "HS256", **changed: Any) -> str:
    return jwt.encode(claims(**changed), key, algorithm)


def unsigned(header: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
    parts = (json.dumps(part).encode() for part in (header, payload))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


async def test_a_valid_token_gives_its_name_role_and_end() -> None:
    caller = await JsonWebTokens(SETTINGS).caller(token())
    assert caller is not None
    assert (caller.name, caller.role, caller.source) == ("ann", Role.OPERATOR, Source.JWT)
    assert caller.expires == pytest.approx(in_seconds(3600).timestamp(), abs=60)


async def test_a_token_that_is_valid_within_the_leeway_gives_a_session_that_has_not_ended() -> None:
    end = int(in_seconds(-1).timestamp())
    caller = await JsonWebTokens(SETTINGS).caller(token(exp=end))
    assert caller is not None
    assert caller.expires == end + 30


@pytest.mark.parametrize(
    ("role", "expected"),
    [(None, Role.VIEWER), ("admin", Role.ADMIN), (["viewer", "x", "operator"], Role.OPERATOR)],
)
async def test_the_role_is_the_highest_of_its_claim(role: Any, expected: Role) -> None:
    caller = await JsonWebTokens(SETTINGS).caller(token(role=role))
    assert caller is not None
    assert caller.role is expected


OTHER_SECRET = "o" * 40
RSA_KEY = rsa.generate_private_key(65537, 2048)

REFUSED = {
    "expired": token(exp=in_seconds(-3600)),
    "not valid yet": token(nbf=in_seconds(7200)),
    "without an end": token(exp=None),
    "of another audience": token(aud="other"),
    "without an audience": token(aud=None),
    "of another issuer": token(iss="https://other"),
    "without an issuer": token(iss=None),
    "of another secret": token(OTHER_SECRET),
    "of another algorithm": token("s" * 64, "HS512"),
    "signed with RSA": token(RSA_KEY, "RS256"),
    "without an identity": token(sub=None),
    "with an empty identity": token(sub=""),
    "with a control character": token(sub="a\nb"),
    "with an unknown role": token(role="root"),
    "with a role of a wrong type": token(role={"admin": True}),
    "with alg none": unsigned({"alg": "none"}, {**claims(), "exp": 9999999999}),
    "with alg NONE": unsigned({"alg": "NONE"}, {**claims(), "exp": 9999999999}),
    "with no signature": token().rpartition(".")[0] + ".",
    "with a changed payload": ".".join([token().split(".")[0], token(role="admin").split(".")[1], "AAAA"]),
    "with a list as its payload": jwt.api_jws.encode(b"[]", SECRET, "HS256"),
    "of dots alone": "..",
    "with a key id of a wrong type": jwt.api_jws.encode(b"{}", SECRET, "HS256", {"kid": "x" * 300}),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_token_is_refused(case: str) -> None:
    with pytest.raises(CredentialRefusedError) as refusal:
        await JsonWebTokens(SETTINGS).caller(REFUSED[case])
    assert SECRET not in str(refusal.value)


async def test_clocks_may_differ_by_half_a_minute() -> None:
    assert await JsonWebTokens(SETTINGS).caller(token(exp=in_seconds(-20))) is not None
    assert await JsonWebTokens(SETTINGS).caller(token(nbf=in_seconds(20))) is not None


async def test_what_is_no_json_web_token_is_left_to_other_checks() -> None:
    assert await JsonWebTokens(SETTINGS).caller("plain-token") is None


async def test_an_audience_does_not_matter_if_none_is_configured() -> None:
    assert await JsonWebTokens(JwtSettings(secret=SECRET)).caller(token()) is not None


class FixedKeys:
    def __init__(self, *keys: PublicKey) -> None:
        self.keys = keys

    async def key(self, identity: str | None) -> PublicKey | None:
        return next((key for key in self.keys if key.identity == identity), None)


def as_jwk(key: Any, **changed: Any) -> dict[str, Any]:
    algorithm = (
        jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPublicKey) else jwt.algorithms.ECAlgorithm
    )
    return {**algorithm.to_jwk(key, as_dict=True), "kid": "one", **changed}


@pytest.mark.parametrize(
    ("private", "algorithm"),
    [(RSA_KEY, "RS256"), (ec.generate_private_key(ec.SECP256R1()), "ES256")],
    ids=["RS256", "ES256"],
)
async def test_a_token_of_an_issuer_is_checked_with_its_public_key(private: Any, algorithm: str) -> None:
    (key,) = read_keys({"keys": [as_jwk(private.public_key())]})
    tokens = JsonWebTokens(SETTINGS, FixedKeys(key))
    signed = jwt.encode(claims(), private, algorithm, {"kid": "one"})
    assert await tokens.caller(signed) is not None
    other = RSA_KEY if algorithm == "ES256" else ec.generate_private_key(ec.SECP256R1())
    forged = jwt.encode(claims(), other, "RS256" if algorithm == "ES256" else "ES256", {"kid": "one"})
    for refused in (forged, jwt.encode(claims(), private, algorithm, {"kid": "two"}), token()):
        with pytest.raises(CredentialRefusedError):
            await tokens.caller(refused)


async def test_a_public_key_is_no_secret_of_hs256() -> None:
    """The classic confusion: the token is signed by HMAC with the public key as its secret."""
    (key,) = read_keys({"keys": [as_jwk(RSA_KEY.public_key())]})
    pem = RSA_KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    header = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": "one"}).encode()).rstrip(b"=")
    payload = base64.urlsafe_b64encode(json.dumps({**claims(), "exp": 9999999999}).encode()).rstrip(b"=")
    signature = base64.urlsafe_b64encode(hmac.digest(pem, header + b"." + payload, "sha256")).rstrip(b"=")
    forged = b".".join([header, payload, signature]).decode()
    with pytest.raises(CredentialRefusedError):
        await JsonWebTokens(SETTINGS, FixedKeys(key)).caller(forged)


GOOD = as_jwk(RSA_KEY.public_key())


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"keys": {}},
        {"keys": []},
        {"keys": ["x", 1, None]},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "one"}]},
        {"keys": [{"kty": "RSA"}]},
        {"keys": [{"kty": "RSA", "n": 5, "e": []}]},
        {"keys": [{**GOOD, "use": "enc"}]},
        {"keys": [{**GOOD, "alg": "none"}]},
        {"keys": [{**GOOD, "alg": "HS256"}]},
        {"keys": [{**GOOD, "d": "AQAB"}]},
        {"keys": [as_jwk(rsa.generate_private_key(65537, 1024).public_key())]},
        {"keys": [as_jwk(ec.generate_private_key(ec.SECP384R1()).public_key())]},
    ],
)
def test_keys_that_cannot_be_used_are_left_out(document: Any) -> None:
    with pytest.raises(ValueError):
        read_keys(document)


def test_unusable_keys_do_not_hide_the_good_one() -> None:
    keys = read_keys({"keys": [{"kty": "oct", "k": "AA"}, GOOD, {"kty": "OKP"}]})
    assert [key.algorithm for key in keys] == ["RS256"]
