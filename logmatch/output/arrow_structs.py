"""
Arrow structs: the Arrow C data interface by `ctypes`, for installations whose `_columns` was not compiled.

It gives the same tables (`arrow.Gathered`, `arrow.ArrowRecords`), a batch for each block. What a struct needs to stay
alive is held under a number until its `release` is called; a consumer may move structs and release them in any order.
https://arrow.apache.org/docs/format/CDataInterface.html
"""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Sequence
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_int64, c_void_p, cast, sizeof
from typing import Any, NamedTuple

from logmatch.output.blocks import Buffers, open_block
from logmatch.output.table import ColumnKind
from logmatch.output.writer import Records

_NULLABLE = 2

_FORMATS = {
    ColumnKind.TEXT: b"u",
    ColumnKind.INTEGER: b"l",
    ColumnKind.DOUBLE: b"g",
    ColumnKind.PAIRS: b"+m",
    ColumnKind.ID: b"i",
    ColumnKind.TIME: b"tsn:UTC",
}


class _Schema(Structure):
    pass


class _Array(Structure):
    pass


class _Stream(Structure):
    pass


_ReleaseSchema = CFUNCTYPE(None, POINTER(_Schema))
_ReleaseArray = CFUNCTYPE(None, POINTER(_Array))
_ReleaseStream = CFUNCTYPE(None, POINTER(_Stream))
_GetSchema = CFUNCTYPE(c_int, POINTER(_Stream), POINTER(_Schema))
_GetNext = CFUNCTYPE(c_int, POINTER(_Stream), POINTER(_Array))
_GetError = CFUNCTYPE(c_void_p, POINTER(_Stream))
_Forget = ctypes.PYFUNCTYPE(None, c_void_p)

_Schema._fields_ = [
    *(("format", c_char_p), ("name", c_char_p), ("metadata", c_char_p), ("flags", c_int64), ("n_children", c_int64)),
    *(("children", POINTER(POINTER(_Schema))), ("dictionary", POINTER(_Schema)), ("release", _ReleaseSchema)),
    ("private_data", c_void_p),
]
_Array._fields_ = [
    *(("length", c_int64), ("null_count", c_int64), ("offset", c_int64), ("n_buffers", c_int64)),
    *(("n_children", c_int64), ("buffers", POINTER(c_void_p)), ("children", POINTER(POINTER(_Array)))),
    *(("dictionary", POINTER(_Array)), ("release", _ReleaseArray), ("private_data", c_void_p)),
]
_Stream._fields_ = [
    *(("get_schema", _GetSchema), ("get_next", _GetNext), ("get_last_error", _GetError)),
    *(("release", _ReleaseStream), ("private_data", c_void_p)),
]

_held: dict[int, Any] = {}
"""What structs that have not been released need, by their `private_data`."""

_numbers = itertools.count(1)


def _hold(what: object) -> int:
    number = next(_numbers)
    _held[number] = what
    return number


def _release_children(struct: Any) -> None:
    parts = [struct.children[place] for place in range(struct.n_children)]
    for part in (*parts, struct.dictionary):
        if part and part.contents.release:
            part.contents.release(part)


def _end_schema(schema: Any) -> None:
    _release_children(schema.contents)
    _held.pop(schema.contents.private_data, None)
    schema.contents.release = _ReleaseSchema()


def _end_array(array: Any) -> None:
    _release_children(array.contents)
    _held.pop(array.contents.private_data, None)
    array.contents.release = _ReleaseArray()


_release_schema = _ReleaseSchema(_end_schema)
_release_array = _ReleaseArray(_end_array)


def _pointers(kind: type[Structure], parts: Sequence[Any]) -> Any:
    return (POINTER(kind) * max(1, len(parts)))(*[ctypes.pointer(part) for part in parts])


def _schema(
    format: bytes, name: bytes, parts: Sequence[_Schema] = (), *, flags: int = 0, dictionary: _Schema | None = None
) -> _Schema:
    schema = _Schema(format, name, None, flags, len(parts))
    children = _pointers(_Schema, parts)
    schema.children = cast(children, POINTER(POINTER(_Schema)))
    if dictionary is not None:
        schema.dictionary = ctypes.pointer(dictionary)
    schema.release = _release_schema
    schema.private_data = _hold((format, name, parts, children, dictionary))
    return schema


def _column_schema(kind: ColumnKind, name: bytes) -> _Schema:
    if kind is ColumnKind.ID:
        return _schema(_FORMATS[kind], name, flags=_NULLABLE, dictionary=_schema(b"u", b"", flags=_NULLABLE))
    parts = []
    if kind is ColumnKind.PAIRS:
        parts = [_schema(b"+s", b"entries", [_schema(b"u", b"key"), _schema(b"u", b"value", flags=_NULLABLE)])]
    return _schema(_FORMATS[kind], name, parts, flags=_NULLABLE)


def _array(
    rows: int,
    buffers: Sequence[bytes | None],
    parts: Sequence[_Array] = (),
    *,
    nulls: int = 0,
    dictionary: _Array | None = None,
) -> _Array:
    places = [c_void_p() if each is None else cast(c_char_p(each or b"\0"), c_void_p) for each in buffers]
    memory = (c_void_p * max(1, len(places)))(*places)
    children = _pointers(_Array, parts)
    array = _Array(rows, nulls, 0, len(places), len(parts))
    array.buffers = cast(memory, POINTER(c_void_p))
    array.children = cast(children, POINTER(POINTER(_Array)))
    if dictionary is not None:
        array.dictionary = ctypes.pointer(dictionary)
    array.release = _release_array
    array.private_data = _hold((buffers, places, memory, parts, children, dictionary))
    return array


def _texts(texts: Sequence[bytes]) -> _Array:
    ends = itertools.accumulate(map(len, texts), initial=0)
    offsets = b"".join(end.to_bytes(4, "little") for end in ends)
    return _array(len(texts), (None, offsets, b"".join(texts)))


def _column(kind: ColumnKind, rows: int, column: Buffers | None, ids: Sequence[bytes]) -> _Array:
    dictionary = _texts(ids) if kind is ColumnKind.ID else None
    zeros = bytes(8 * (rows + 1))
    buffers = (zeros, zeros, b"", zeros, b"", zeros, b"") if column is None else column.buffers
    nulls = rows if column is None else rows - column.values
    if kind is ColumnKind.PAIRS:
        pairs = 0 if column is None else len(buffers[2]) // 4 - 1
        key = _array(pairs, (None, buffers[2] or zeros, buffers[3]))
        value = _array(pairs, (None, (*buffers, zeros, b"")[4], (*buffers, b"", b"")[5]))
        return _array(rows, buffers[:2], [_array(pairs, (None,), [key, value])], nulls=nulls)
    return _array(rows, buffers[: 3 if kind is ColumnKind.TEXT else 2], nulls=nulls, dictionary=dictionary)


class _Batch(NamedTuple):
    rows: int
    columns: tuple[Buffers | None, ...]


class StructRecords:
    """See `arrow.ArrowRecords`."""

    def __init__(
        self, kinds: bytes, names: Sequence[bytes], ids: Sequence[bytes], batches: Sequence[_Batch], replaced: int,
        numbers_as_text: int,
    ) -> None:  # fmt: skip
        self._kinds = tuple(map(ColumnKind, kinds))
        self._names = names
        self._ids = ids
        self.batches = batches
        self.num_rows = sum(batch.rows for batch in batches)
        self.replaced = replaced
        self.numbers_as_text = numbers_as_text

    def __len__(self) -> int:
        return self.num_rows

    def __repr__(self) -> str:
        return f"<ArrowRecords: {self.num_rows} rows, {len(self._names)} columns>"

    @property
    def column_names(self) -> list[str]:
        """See `arrow.ArrowRecords`."""
        return [name.decode() for name in self._names]

    def _schema(self) -> _Schema:
        return _schema(b"+s", b"", [_column_schema(*each) for each in zip(self._kinds, self._names, strict=True)])

    def _array(self, batch: _Batch) -> _Array:
        columns = zip(self._kinds, batch.columns, strict=True)
        return _array(batch.rows, (None,), [_column(kind, batch.rows, column, self._ids) for kind, column in columns])

    def __arrow_c_schema__(self) -> object:
        """See `arrow.ArrowRecords`."""
        return _capsule(self._schema(), b"arrow_schema", _forget_schema)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """See `arrow.ArrowRecords`."""
        batches = iter(self.batches)

        def get_schema(_stream: Any, schema: Any) -> int:
            ctypes.memmove(schema, byref(self._schema()), sizeof(_Schema))
            return 0

        def get_next(_stream: Any, array: Any) -> int:
            batch = next(batches, None)
            ctypes.memmove(array, byref(_Array() if batch is None else self._array(batch)), sizeof(_Array))
            return 0

        stream = _Stream(_GetSchema(get_schema), _GetNext(get_next), _GetError(lambda _stream: None), _release_stream)
        stream.private_data = _hold(stream)
        return _capsule(stream, b"arrow_array_stream", _forget_stream)


def _end_stream(stream: Any) -> None:
    _held.pop(stream.contents.private_data, None)
    stream.contents.release = _ReleaseStream()


_release_stream = _ReleaseStream(_end_stream)

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [c_void_p, c_char_p, _Forget]
# Not `py_object`: the capsule is on its way out, and has no references.
_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.restype = c_void_p
_pointer_of.argtypes = [c_void_p, c_char_p]

_capsules: dict[int, Structure] = {}
"""The structs in capsules by their addresses."""


def _capsule(struct: Structure, name: bytes, forget: Any) -> object:
    _capsules[ctypes.addressof(struct)] = struct
    return _new_capsule(ctypes.addressof(struct), name, forget)


def _forget(capsule: int, name: bytes) -> None:
    struct: Any = _capsules.pop(_pointer_of(capsule, name))
    if struct.release:
        struct.release(byref(struct))


_forget_schema = _Forget(lambda capsule: _forget(capsule, b"arrow_schema"))
_forget_stream = _Forget(lambda capsule: _forget(capsule, b"arrow_array_stream"))


class StructColumns:
    """See `arrow.Gathered`."""

    def __init__(self, kinds: bytes, names: Sequence[bytes], ids: Sequence[bytes]) -> None:
        self._of_table = kinds, names, ids
        self._batches: list[_Batch] = []
        self.rows = self.size = 0

    def add(self, block: Records) -> None:
        """See `arrow.Gathered`."""
        rows, columns = open_block(block, self._of_table[0])
        self._batches.append(_Batch(rows, columns))
        self.rows += rows
        self.size += len(block)

    def take(self, earlier: Sequence[Any] = (), *, replaced: int = 0, numbers_as_text: int = 0) -> StructRecords:
        """See `arrow.Gathered`."""
        batches = [batch for each in earlier for batch in each.batches] + self._batches
        self._batches = []
        self.rows = self.size = 0
        replaced += sum(each.replaced for each in earlier)
        numbers_as_text += sum(each.numbers_as_text for each in earlier)
        return StructRecords(*self._of_table, batches, replaced, numbers_as_text)
