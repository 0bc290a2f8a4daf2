"""Puts a message into a queue of Redis once, however often it is sent.

The message and a note that it was sent are written in one transaction. So a monitor that ended between the
sending of a message and the noting of it in its own database can send again.
"""

from typing import Any

NOTE_SECONDS = 7 * 86_400
"""How long the note is kept."""
_ATTEMPTS = 20


class SentBeforeError(Exception):
    """The message was sent before."""


def put_once(channel: Any, task_id: str) -> None:
    """From now on this channel of kombu's Redis transport puts messages as those of this task, once.

    Publishing raises SentBeforeError for a message that was put before.
    """
    from kombu.utils.json import dumps  # noqa: PLC0415
    from redis import Redis  # noqa: PLC0415
    from redis.exceptions import WatchError  # noqa: PLC0415

    prefix = channel.global_keyprefix
    note = f"{prefix}celery-monitor.sent.{task_id}"

    def put(queue: str, message: Any, **_: Any) -> None:
        priority = channel._get_message_priority(message, reverse=False)
        target = f"{prefix}{channel._q_for_pri(queue, priority)}"
        with channel.conn_or_acquire() as client:
            # The channel's own client adds the prefix to some commands only.
            plain = Redis(connection_pool=client.connection_pool)
            for _attempt in range(_ATTEMPTS):
                with plain.pipeline(transaction=True) as pipeline:
                    pipeline.watch(note)  # type: ignore[no-untyped-call]
                    if pipeline.exists(note):
                        raise SentBeforeError
                    # A transaction goes on after a command that meets the wrong type of key.
                    pipeline.llen(target)
                    pipeline.multi()
                    pipeline.set(note, "1", ex=NOTE_SECONDS)
                    pipeline.lpush(target, dumps(message))
                    try:
                        pipeline.execute()
                    except WatchError:
                        continue
                    return
            raise ConnectionError("Redis changes the note of the message too fast")

    channel._put = put
