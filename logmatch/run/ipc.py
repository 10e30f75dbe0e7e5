"""
Ipc: messages between a run and its worker processes, by socket pairs.

A message is a small value, pickled, and two rows of bytes as they are.
"""

from __future__ import annotations

import pickle
import select
import socket
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from logmatch.output.writer import Records

_HEAD = struct.Struct("=QQQ")  # how long the three are


class Message(NamedTuple):
    """What was said; the bytes are the receiver's own."""

    value: Any
    first: Records = b""
    second: Records = b""


class Channel:
    """
    The end of a connection.

    Args:
        wait: waits until a descriptor is ready for what `poll` calls these events; what it raises ends the exchange.
            None: the end waits however long it takes.
    """

    def __init__(self, connection: socket.socket, wait: Callable[[int, int], None] | None = None) -> None:
        connection.setblocking(wait is None)
        self._connection = connection
        self._wait = wait

    def fileno(self) -> int:
        """Its descriptor, for polling."""
        return self._connection.fileno()

    def send(self, value: object, first: Sequence[Records] = (), second: Records = b"") -> None:
        """
        Send *value* and rows of bytes, the first of which is made of several.

        Raises:
            EOFError: the other end has gone.
        """
        pickled = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        head = _HEAD.pack(len(pickled), sum(map(len, first)), len(second))
        self._send_all((head + pickled, *first, second))

    def _send_all(self, rows: Iterable[Records]) -> None:
        for row in rows:
            rest = memoryview(row)
            while rest:
                try:
                    rest = rest[self._connection.send(rest) :]
                except BlockingIOError:
                    self._wait_for(select.POLLOUT)
                except (BrokenPipeError, ConnectionResetError):
                    raise EOFError from None

    def receive(self) -> Message:
        """
        The next message.

        Raises:
            EOFError: the other end has gone.
        """
        meta, first, second = _HEAD.unpack(self._receive_bytes(_HEAD.size))
        view = memoryview(self._receive_bytes(meta + first + second))
        return Message(pickle.loads(view[:meta]), view[meta : meta + first], view[meta + first :])

    def _receive_bytes(self, size: int) -> bytearray:
        data = bytearray(size)
        rest = memoryview(data)
        while rest:
            try:
                count = self._connection.recv_into(rest)
            except BlockingIOError:
                self._wait_for(select.POLLIN)
                continue
            except ConnectionResetError:
                count = 0
            if not count:
                raise EOFError
            rest = rest[count:]
        return data

    def _wait_for(self, events: int) -> None:
        assert self._wait is not None  # otherwise nothing is said to block
        self._wait(self.fileno(), events)

    @property
    def has_incoming(self) -> bool:
        """Whether `receive` has something to begin with, if only that the other end has gone."""
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        """Close this end."""
        self._connection.close()
