"""Primitives of the operating system as they are before gevent or eventlet replace them.

Import this before monkey patching: the reporter must be a thread of the system, since a greenlet stops with
the loop that it watches.
"""

from _thread import allocate_lock, get_ident, start_new_thread
from os import (
    O_CREAT,
    O_EXCL,
    O_RDONLY,
    O_RDWR,
    O_WRONLY,
    fchmod,
    getpid,
    kill,
    read,
    replace,
    stat,
    unlink,
    write,
)
from os import _exit as exit_process
from os import close as close_descriptor
from os import open as open_descriptor
from os.path import exists
from time import monotonic, thread_time

__all__ = [
    "O_CREAT",
    "O_EXCL",
    "O_RDONLY",
    "O_RDWR",
    "O_WRONLY",
    "allocate_lock",
    "close_descriptor",
    "exists",
    "exit_process",
    "fchmod",
    "get_ident",
    "getpid",
    "kill",
    "monotonic",
    "open_descriptor",
    "read",
    "replace",
    "start_new_thread",
    "stat",
    "thread_time",
    "unlink",
    "write",
]
