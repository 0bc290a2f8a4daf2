"""Reasons of brokers and result backends: what one reading found."""

from celery_health.catalogue.entry import Actor, Cause, Entry, Reason, Severity, Subject, Wording


def _reading(word: str, meaning: str, remedy: str = "", *, severity: Severity = Severity.UNHEALTHY) -> Entry:
    """A reason that says how a connection attempt ended. The reading's own message says the rest."""
    return Entry(
        word=word,
        subject=Subject.BROKER,
        severity=severity,
        page="broker",
        meaning=meaning,
        cause=Cause.BROKER,
        acts=Actor.CELERY,
        wording=Wording(message="{reading}", remedy=remedy),
        rank=0,
    )


class BrokerReason(Reason):
    """Why a broker or result backend is reachable or not: the ``reason`` of BrokerReachable."""

    REACHABLE = Entry(
        word="Reachable",
        subject=Subject.BROKER,
        severity=Severity.INFORMATION,
        page="broker",
        meaning="It answered, and the queues could be read.",
    )
    UNSUPPORTED_KIND = _reading(
        "UnsupportedKind",
        "No reader exists for this kind, or the URL lacks what the reader needs.",
        severity=Severity.UNKNOWN,
    )
    URL_INVALID = Entry(
        word="URLInvalid",
        subject=Subject.CONFIGURATION,
        severity=Severity.UNKNOWN,
        page="configuration",
        meaning="The URL of the broker or the result backend cannot be parsed.",
        cause=Cause.CONFIGURATION,
        wording=Wording(message="{reading}"),
        variants={"in_secret": Wording(message="Secret {subject}, key {key}: {reading}")},
    )
    NAME_NOT_RESOLVED = _reading(
        "NameNotResolved", "DNS does not know the host.", "Correct the host in the URL, or its DNS entry."
    )
    CONNECTION_REFUSED = _reading(
        "ConnectionRefused",
        "Nothing listens on the port, or the network does not lead there.",
        "Start the server, or correct the host and port in the URL.",
    )
    TIMED_OUT = _reading(
        "TimedOut",
        "No answer in time: the server hangs, or the network drops packets.",
        "Check whether the server is overloaded, and whether a firewall or NetworkPolicy drops packets.",
    )
    AUTHENTICATION_FAILED = _reading(
        "AuthenticationFailed",
        "The server does not accept the user and password.",
        "Correct the user and password in the URL.",
    )
    TLS_FAILED = _reading(
        "TLSFailed",
        "The TLS handshake failed: the certificate is not trusted, or one side does not use TLS.",
        "Correct the URL's scheme, or the certificate authority that it names.",
    )
    NOT_PERMITTED = _reading(
        "NotPermitted",
        "The user is known, but may not do what was asked.",
        "Give the user the permissions that the page on readers lists.",
    )
    LOADING = _reading("Loading", "Redis still loads its data from disk.", "Wait until Redis has loaded.")
    READ_ONLY = _reading(
        "ReadOnly",
        "A Redis replica: messages can be neither sent to it nor fetched from it.",
        "Point the URL at the primary.",
    )
    OUT_OF_MEMORY = _reading(
        "OutOfMemory",
        "Redis is at its maxmemory and evicts nothing: messages can be neither sent nor fetched.",
        "Raise maxmemory, or delete keys that are not needed.",
    )
    ALARM = _reading(
        "Alarm",
        "RabbitMQ has a memory or disk alarm and blocks publishers, also workers that store results.",
        "Free memory or disk space on the RabbitMQ node.",
    )
    TOO_MANY_CONNECTIONS = _reading(
        "TooManyConnections",
        "The server is at its limit of clients.",
        "Raise the server's limit of clients, or close connections that are not needed.",
    )
    ADDRESS_REFUSED = _reading(
        "AddressRefused",
        "The host leads to an address that the operator does not connect to: its own machine, link-local "
        "addresses, the API server, or what `operator.brokerNetworks` of the chart excludes.",
        "Correct the host in the URL, or have the administrator of the operator allow its network.",
        severity=Severity.UNKNOWN,
    )
    ERROR = _reading("Error", "Another error. The message quotes a server that speaks the protocol.")
    NOT_READ = _reading("NotRead", "It has not been read yet.", severity=Severity.UNKNOWN)
