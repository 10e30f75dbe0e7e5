"""
Ipc: messages between a run and its worker processes, by socket pairs.

A message is a small value, pickled, and two rows of bytes as they are.
"""

from __future__ import annotations

import pickle
import socket
import struct
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from logmatch.output.writer import Records

_HEAD = struct.Struct("=QQQ")  # how long the three are


class Message(NamedTuple):
    """What was said; the bytes are the receiver's own."""

    value: Any
    first: Records = b""
    second: Records = b""


def _parts(message: Message, rows: Sequence[Records]) -> Iterator[Records]:
    pickled = pickle.dumps(message.value, pickle.HIGHEST_PROTOCOL)
    first = sum(map(len, rows)) if rows else len(message.first)
    yield _HEAD.pack(len(pickled), first, len(message.second)) + pickled
    yield from rows or (message.first,)
    yield message.second


class Channel:
    """The end of a connection that never waits: the parent's."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._outgoing: deque[memoryview] = deque()
        self._incoming = _Incoming()

    def fileno(self) -> int:
        """Its descriptor, for polling."""
        return self._connection.fileno()

    @property
    def has_outgoing(self) -> bool:
        """Whether something is left to be sent."""
        return bool(self._outgoing)

    def send(self, value: object, rows: Sequence[Records]) -> None:
        """Send *value* and *rows*, as the first of a message's rows; what does not go out now goes with `flush`."""
        self._outgoing.extend(memoryview(part) for part in _parts(Message(value), rows) if len(part))
        self.flush()

    def flush(self) -> None:
        """Send what can be sent. That the other end has gone is told by `receive`."""
        while self._outgoing:
            part = self._outgoing[0]
            try:
                count = self._connection.send(part)
            except BlockingIOError:
                return
            except (BrokenPipeError, ConnectionResetError):
                self._outgoing.clear()
                return
            if count == len(part):
                self._outgoing.popleft()
            else:
                self._outgoing[0] = part[count:]

    def receive(self) -> Message | None:
        """The next message, None if it is not there yet; `EOFError` where the other end has gone."""
        while True:
            try:
                count = self._connection.recv_into(self._incoming.space())
            except BlockingIOError:
                return None
            except ConnectionResetError:
                count = 0
            if not count:
                raise EOFError
            message = self._incoming.filled(count)
            if message is not None:
                return message

    def close(self) -> None:
        """Close this end."""
        self._outgoing.clear()
        self._connection.close()


class _Incoming:
    """A message that comes in pieces."""

    def __init__(self) -> None:
        self._head: tuple[int, ...] | None = None
        self._data = bytearray(_HEAD.size)
        self._length = 0

    def space(self) -> memoryview:
        """Where the next bytes go."""
        return memoryview(self._data)[self._length :]

    def filled(self, count: int) -> Message | None:
        """*count* bytes have come; return the message if it is whole."""
        self._length += count
        if self._length < len(self._data):
            return None
        if self._head is None:
            self._head = _HEAD.unpack(self._data)
            self._data, self._length = bytearray(sum(self._head)), 0
            return None
        meta, first, _ = self._head
        view = memoryview(self._data)
        message = Message(pickle.loads(view[:meta]), view[meta : meta + first], view[meta + first :])
        self._head, self._data, self._length = None, bytearray(_HEAD.size), 0
        return message


def send(connection: socket.socket, message: Message) -> None:
    """Send *message* from a worker process, however long that takes."""
    for part in _parts(message, ()):
        connection.sendall(part)


def receive(connection: socket.socket) -> Message:
    """The next message for a worker process; `EOFError` where the other end has gone."""
    incoming = _Incoming()
    while True:
        try:
            count = connection.recv_into(incoming.space())
        except ConnectionResetError:
            count = 0
        if not count:
            raise EOFError
        message = incoming.filled(count)
        if message is not None:
            return message
