"""How a server's certificate is verified: the only place that makes the SSL context of a client.

``ssl.create_default_context`` differs from one Python to the next. Since Python 3.13 it sets two flags:

- ``VERIFY_X509_STRICT`` refuses certificates that break RFC 5280 in form, such as those of an authority
  without the key usage extension. Many clusters and brokers have them. kubectl, the kubelet and every other
  client in Go accept them, and so do py-amqp, PyMySQL and libpq on every Python.
- ``VERIFY_X509_PARTIAL_CHAIN`` trusts an intermediate authority by itself, as Go does.

A context from here has the same flags on every Python. The chain up to a trusted authority, the host name and
the dates are verified in any case.
"""

import os
import ssl
import sys

PythonVersion = tuple[int, int]

THIS_PYTHON: PythonVersion = (sys.version_info.major, sys.version_info.minor)

STRICT_PYTHON: PythonVersion = (3, 13)
"""The first Python whose default context verifies strictly."""

_DIFFERENT = ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN

_Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


def client_context(
    *,
    ca_file: _Path | None = None,
    ca_data: str | bytes | None = None,
    system_authorities: bool = False,
    certificate: _Path | None = None,
    key: _Path | None = None,
    verify_mode: ssl.VerifyMode = ssl.CERT_REQUIRED,
    check_hostname: bool = True,
    python: PythonVersion | None = None,
) -> ssl.SSLContext:
    """A context that verifies as Go's clients do, or as the default context of one Python does.

    Without ``ca_file`` and ``ca_data`` the authorities of this system are trusted; with them, only where
    ``system_authorities`` says so. ``python`` is for a client that stands in for the redis-py of a Celery
    process: redis-py takes the default context of the Python that it runs on. None: it is not known, so that
    a certificate is accepted that any Python accepts.

    Raises:
        OSError: a file is not here, or is no certificate (``ssl.SSLError``).
    """
    own_authorities = ca_file is not None or ca_data is not None
    if own_authorities and not system_authorities:
        context = ssl.create_default_context(cafile=ca_file, cadata=ca_data)
    else:
        context = ssl.create_default_context()
        if own_authorities:
            context.load_verify_locations(cafile=ca_file, cadata=ca_data)
    context.verify_flags = context.verify_flags & ~_DIFFERENT | _flags(python)
    context.check_hostname = check_hostname and verify_mode != ssl.CERT_NONE
    context.verify_mode = verify_mode
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context


def _flags(python: PythonVersion | None) -> ssl.VerifyFlags:
    if python is None:
        return ssl.VERIFY_X509_PARTIAL_CHAIN
    return _DIFFERENT if python >= STRICT_PYTHON else ssl.VerifyFlags(0)
