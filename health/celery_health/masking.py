"""Masks the secrets in a text that are recognised by their place, such as the password in a URL.

The text may be anything, such as an exception of a library that quotes a URL or its own arguments.
"""

import re

MASK = "***"
SECRET_NAMES = (
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "authorization",
    "api_key",
    "access_key",
    "account_key",
    "private_key",
    "credential",
    "cookie",
    "session_id",
)
"""The value of a name that contains one of these is a secret: ``db_password``, ``apiKey``, ``X-API-KEY``."""
SHOWN_PARAMETERS = frozenset(
    {
        "application_name",
        "charset",
        "connect_timeout",
        "connection_timeout",
        "db",
        "health_check_interval",
        "heartbeat",
        "host",
        "max_connections",
        "port",
        "protocol",
        "q",
        "retry_on_timeout",
        "since",
        "socket_connect_timeout",
        "socket_keepalive",
        "socket_timeout",
        "ssl_ca_certs",
        "ssl_cert_reqs",
        "ssl_certfile",
        "ssl_check_hostname",
        "ssl_keyfile",
        "sslmode",
        "timeout",
        "virtual_host",
        "visibility_timeout",
    }
)
"""The parameters of a URL whose values are no secrets. All others are masked."""

# A slash may be escaped, as JSON allows, and the whole URL percent-encoded, as in the query of another.
_URL = re.compile(r"[a-z][a-z0-9+.-]{0,40}(?::(?:\\{0,4}/){2}|%3a%2f%2f)\S*", re.IGNORECASE)
# Greedy up to the last "@" before white space, so that a password with an unescaped "@", "/", ";" or quote is
# masked completely. Hosts of a failover list may be masked too, which is better than to show half a password.
_CREDENTIALS = re.compile(
    r"(?::(?P<slashes>(?:\\{0,4}/){2})\S*@|(?P<encoded>%3a%2f%2f)\S*(?:%40|@))", re.IGNORECASE
)
# A quote ends a value, unless the value goes on behind it.
_VALUE = r"(?:[^&;\s\"'<>]|'(?=[\w%]))*"
_PARAMETER = re.compile(
    rf"(?P<start>[?&;#]|%3f|%26|%3b|%23)(?P<name>(?:[^=?&;#%\s\"']|%(?!3d)){{1,100}})(?P<equals>=|%3d){_VALUE}",
    re.IGNORECASE,
)


def name_pattern(names: tuple[str, ...]) -> str:
    """A pattern for names that contain one of these, with ``_``, ``-`` or neither between their words."""
    return "(?:" + "|".join(re.sub(r"_|\\-", "[_-]?", re.escape(name)) for name in names) + r")[\w.-]{0,64}"


_SECRET_NAME = name_pattern(SECRET_NAMES)
_SECRET_PARAMETER = re.compile(rf"(?P<before>[?&;][\w.-]{{0,64}}{_SECRET_NAME}=){_VALUE}", re.IGNORECASE)
_BEFORE_QUOTED = re.compile(
    rf"{_SECRET_NAME}\\*['\"]?\s{{0,8}}[=:]\s{{0,8}}[ub]?(?P<quote>\\*['\"])", re.IGNORECASE
)
# As connection strings of drivers have it, of ODBC with a value in braces; a placeholder is no value. A colon
# also stands in ordinary text. Punctuation at the end belongs to the text around the value.
_UNQUOTED = re.compile(
    rf"(?P<before>(?<![\w.-])[\w.-]{{0,64}}{_SECRET_NAME}\s{{0,8}}=\s{{0,8}})"
    r"(?!['\"<]|\*{3}(?![^\s;&,.)\]}'\"])|(?-i:\$[A-Z_{(]))(?:\{[^}]*\}|[^\s;]*[^\s;,.)\]}'\"])",
    re.IGNORECASE,
)


def mask_recognised(text: str) -> str:
    """The text without credentials and parameters of URLs, and without values of secret names.

    Of a name and an equals sign any value is masked, of a name and a colon one in quotes.
    """
    text = mask_urls(text)
    parts, position = [], 0
    while found := _BEFORE_QUOTED.search(text, position):
        end = end_of_string(text, found.end(), found["quote"])
        parts += [text[position : found.end()], MASK, found["quote"]]
        position = end
    return _UNQUOTED.sub(rf"\g<before>{MASK}", "".join([*parts, text[position:]]))


def mask_urls(text: str) -> str:
    """The text with the credentials and parameters of URLs replaced."""
    return _SECRET_PARAMETER.sub(rf"\g<before>{MASK}", _URL.sub(_masked_url, text))


def end_of_string(text: str, start: int, quote: str) -> int:
    """Where the string ends that begins behind a quote: behind its closing quote, or with the text."""
    while (end := text.find(quote, start)) >= 0:
        before = text[start:end]
        if (len(before) - len(before.rstrip("\\"))) % 2 == 0:
            return end + len(quote)
        start = end + len(quote)
    return len(text)


def _masked_url(found: re.Match[str]) -> str:
    return _PARAMETER.sub(_masked_parameter, _CREDENTIALS.sub(_masked_credentials, found[0]))


def _masked_credentials(found: re.Match[str]) -> str:
    before = found["encoded"] or f":{found['slashes']}"
    return f"{before}{MASK}{'%40' if found['encoded'] else '@'}"


def _masked_parameter(found: re.Match[str]) -> str:
    if found["name"].lower() in SHOWN_PARAMETERS:
        return found[0]
    return f"{found['start']}{found['name']}{found['equals']}{MASK}"
