"""The few frames of AMQP 0-9-1 that a consumer of one queue needs.

Only what the server sends while it delivers is read here; arguments are written by py-amqp's serializer.
Numbers are those of the specification: a method is a class and a method of it, such as (60, 60) for
basic.deliver.
"""

from struct import Struct
from typing import Any

from amqp.serialization import dumps

PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
FRAME_END = 0xCE
METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
FRAME_HEAD = Struct(">BHI")
"""Kind, channel and size of a frame. The payload and ``FRAME_END`` follow."""
BODY_SIZE = Struct(">xxxxQ")
"""At the beginning of a header frame: the size of the body."""
METHOD_ID = Struct(">HH")
TUNE = Struct(">HIH")
"""The arguments of connection.tune: the most channels, the size of a frame, seconds of the heartbeat."""
CLOSE = Struct(">HB")
"""At the beginning of connection.close and channel.close: the code and the length of the text."""
MAX_FRAME_BYTES = 131_072

Method = tuple[int, int]
START: Method = (10, 10)
START_OK: Method = (10, 11)
TUNE_ID: Method = (10, 30)
TUNE_OK: Method = (10, 31)
OPEN: Method = (10, 40)
OPEN_OK: Method = (10, 41)
CONNECTION_CLOSE: Method = (10, 50)
CHANNEL_OPEN: Method = (20, 10)
CHANNEL_OPEN_OK: Method = (20, 11)
CHANNEL_CLOSE: Method = (20, 40)
EXCHANGE_DECLARE: Method = (40, 10)
EXCHANGE_DECLARE_OK: Method = (40, 11)
QUEUE_DECLARE: Method = (50, 10)
QUEUE_DECLARE_OK: Method = (50, 11)
QUEUE_BIND: Method = (50, 20)
QUEUE_BIND_OK: Method = (50, 21)
CONSUME: Method = (60, 20)
CONSUME_OK: Method = (60, 21)
CANCEL: Method = (60, 30)

HEARTBEAT_FRAME = FRAME_HEAD.pack(HEARTBEAT, 0, 0) + bytes([FRAME_END])


def method_frame(channel: int, method: Method, types: str, *arguments: Any) -> bytes:
    """A method with its arguments; ``types`` has one letter for each, as in ``amqp.serialization``."""
    payload: bytes = METHOD_ID.pack(*method) + dumps(types, arguments)
    return FRAME_HEAD.pack(METHOD, channel, len(payload)) + payload + bytes([FRAME_END])
