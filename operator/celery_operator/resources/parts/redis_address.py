"""Where the managed Redis is, and what its Secret says."""

from collections.abc import Iterator
from urllib.parse import quote

from celery_operator.api import names
from celery_operator.resources.ownership import ResourceIdentity, redis_name

REDIS_PORT = 6379
BROKER_DATABASE = 0
RESULTS_DATABASE = 1

_PRINTABLE = range(0x20, 0x7F)


def redis_url(host: str, password: str, database: int = BROKER_DATABASE) -> str:
    """A URL of the managed Redis."""
    return f"redis://:{quote(password, safe='')}@{host}:{REDIS_PORT}/{database}"


def redis_secret_values(cd: ResourceIdentity, password: str) -> dict[str, str]:
    """What the Secret holds: the password, the URLs with it, and the configuration that has Redis ask for it.

    In a file, the password is neither in the pod nor in the arguments of the process.
    """
    host = redis_name(cd)
    return {
        names.PASSWORD_KEY: password,
        names.URL_KEY: redis_url(host, password),
        names.RESULTS_URL_KEY: redis_url(host, password, RESULTS_DATABASE),
        names.REDIS_CONFIGURATION_KEY: f'requirepass "{"".join(_quoted(password))}"\n',
    }


def _quoted(text: str) -> Iterator[str]:
    """As Redis reads a string in double quotes."""
    for byte in text.encode():
        character = chr(byte)
        yield character if byte in _PRINTABLE and character not in '"\\' else f"\\x{byte:02x}"
