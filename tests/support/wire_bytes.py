"""Pieces of the protocols that the readers speak, to build answers from that no server gives."""

import struct


def amqp_frame(kind: int, channel: int, payload: bytes) -> bytes:
    """A frame of AMQP 0-9-1."""
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + b"\xce"


def amqp_method(channel: int, klass: int, method: int, arguments: bytes = b"") -> bytes:
    """A frame with a method."""
    return amqp_frame(1, channel, struct.pack(">HH", klass, method) + arguments)


def _long(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


AMQP_START = amqp_method(0, 10, 10, b"\x00\x09" + _long(b"") + _long(b"PLAIN AMQPLAIN") + _long(b"en_US"))
AMQP_TUNE = amqp_method(0, 10, 30, struct.pack(">HIH", 100, 131072, 0))
AMQP_OPENED = amqp_method(0, 10, 41, b"\x00")
AMQP_CHANNEL_OPENED = amqp_method(1, 20, 11, _long(b""))
AMQP_DECLARED = amqp_method(1, 50, 11, b"\x04mail" + struct.pack(">II", 3, 1))
AMQP_LOGIN = AMQP_START + AMQP_TUNE + AMQP_OPENED + AMQP_CHANNEL_OPENED
AMQP_HEARTBEAT = amqp_frame(8, 0, b"")
AMQP_DELIVERY = amqp_method(1, 60, 60, b"\x01t" + b"\0" * 8 + b"\0" + b"\x00" + b"\x04mail")
AMQP_ENDLESS_BODY = AMQP_DELIVERY + amqp_frame(2, 1, struct.pack(">HHQH", 60, 0, 2**40, 0))


def postgresql(kind: bytes, payload: bytes = b"", length: int | None = None) -> bytes:
    """A message of PostgreSQL; ``length``: the announced one, if it is another."""
    return kind + struct.pack(">I", 4 + len(payload) if length is None else length) + payload


POSTGRESQL_OK = postgresql(b"R", b"\0\0\0\0")
POSTGRESQL_PARAMETER = postgresql(b"S", b"in_hot_standby\0off\0")
POSTGRESQL_READY = postgresql(b"Z", b"I")


def mysql(sequence: int, payload: bytes) -> bytes:
    """A packet of MySQL."""
    return struct.pack("<I", len(payload))[:3] + bytes([sequence % 256]) + payload


MYSQL_GREETING = mysql(
    0,
    b"\x0a8.0.36\0" + b"\1\0\0\0" + b"saltsalt\0" + b"\xff\xf7" + b"\xff\2\0" + b"\xff\xdf" + b"\x15"
    b"\0" * 10 + b"saltsaltsalt\0" + b"mysql_native_password\0",
)
MYSQL_OK = b"\0\0\0\2\0\0\0"
