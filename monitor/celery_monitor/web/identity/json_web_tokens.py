"""JSON Web Tokens: signed by a shared secret, or by an issuer with public keys."""

from collections.abc import Mapping
from typing import Any, Protocol

import jwt

from celery_monitor.settings import JwtSettings, Role
from celery_monitor.web.identity.caller import Caller, CredentialRefusedError, Source, is_name
from celery_monitor.web.identity.jwks import KeySet, PublicKey

LEEWAY_SECONDS = 30
"""How far the clocks of issuer and monitor may differ."""

_MAX_KEY_ID = 255
_NAME_CLAIMS = ("email", "preferred_username", "sub")


class Keys(Protocol):
    """Where the key of a token comes from."""

    async def key(self, identity: str | None) -> PublicKey | None:
        """The key with this id, None if there is none."""


class SharedSecret:
    """The one secret of HS256."""

    def __init__(self, secret: str) -> None:
        self._key = PublicKey(None, secret.encode(), "HS256")

    async def key(self, identity: str | None) -> PublicKey | None:
        """The secret, whatever key the token names."""
        del identity
        return self._key


class JsonWebTokens:
    """Checks tokens by the settings. A token must have an end, and the configured issuer and audience."""

    def __init__(self, settings: JwtSettings, keys: Keys | None = None) -> None:
        self._settings = settings
        self._keys = keys or _keys(settings)

    async def caller(self, token: str) -> Caller | None:
        """The identity of the token, None if it is no JSON Web Token.

        Raises:
            CredentialRefusedError: the token is not valid.
            CredentialCheckError: the issuer's keys cannot be fetched.
        """
        if token.count(".") != 2:
            return None
        key = await self._keys.key(_key_id(token))
        if key is None:
            raise CredentialRefusedError("The token is signed with a key that its issuer does not have.")
        return self._caller(self._claims(token, key))

    def _claims(self, token: str, key: PublicKey) -> Mapping[str, Any]:
        settings = self._settings
        required = ["exp"]
        required += ["aud"] if settings.audience else []
        required += ["iss"] if settings.issuer else []
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[key.algorithm],
                audience=settings.audience,
                issuer=settings.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": required, "verify_aud": settings.audience is not None},
            )
        except jwt.ExpiredSignatureError:
            raise CredentialRefusedError("The token has expired: get a new one.") from None
        except jwt.InvalidAudienceError:
            raise CredentialRefusedError("The token is for another audience.") from None
        except jwt.InvalidIssuerError:
            raise CredentialRefusedError("The token is of another issuer.") from None
        except jwt.ImmatureSignatureError:
            raise CredentialRefusedError("The token is not valid yet: check the clocks.") from None
        except jwt.MissingRequiredClaimError as error:
            raise CredentialRefusedError(f"The token has no claim {error.claim}.") from None
        except (jwt.PyJWTError, ArithmeticError, ValueError, TypeError, RecursionError):
            raise CredentialRefusedError("The token is not valid.") from None
        return claims

    def _caller(self, claims: Mapping[str, Any]) -> Caller:
        name = next((str(claims[claim]) for claim in _NAME_CLAIMS if is_name(claims.get(claim))), None)
        if name is None:
            raise CredentialRefusedError("The token names no identity: it needs the claim sub or email.")
        # A session that is opened within the leeway must not have ended already.
        return Caller(name, self._role(claims), Source.JWT, float(claims["exp"]) + LEEWAY_SECONDS)

    def _role(self, claims: Mapping[str, Any]) -> Role:
        """The highest role of the claim. A token without the claim is a viewer's."""
        claim = self._settings.role_claim
        if claim not in claims:
            return Role.VIEWER
        given = claims[claim] if isinstance(claims[claim], list) else [claims[claim]]
        roles = [role for role in Role if role.value in given]
        if not roles:
            raise CredentialRefusedError(
                f"The claim {claim} of the token has none of the roles viewer, operator and admin."
            )
        return roles[-1]


def _keys(settings: JwtSettings) -> Keys:
    if settings.jwks_url is not None:
        return KeySet(settings.jwks_url)
    assert settings.secret is not None
    return SharedSecret(settings.secret)


def _key_id(token: str) -> str | None:
    try:
        identity = jwt.get_unverified_header(token).get("kid")
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise CredentialRefusedError("The token is not valid.") from None
    if identity is None:
        return None
    if not isinstance(identity, str) or len(identity) > _MAX_KEY_ID:
        raise CredentialRefusedError("The token is not valid.")
    return identity
