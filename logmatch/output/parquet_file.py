"""
Parquet file: one file out of many: row groups that were written as files of their own, one after the other.

A Parquet file is its row groups and their indexes, then a footer that says where each is (Thrift, compact protocol).
What stands before the footer can stand anywhere, if the footer's offsets are shifted; so a file grows by groups, each
made by any writer in memory, and nothing but the footer's entries is kept.
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from typing import NamedTuple

MAGIC = b"PAR1"

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)

# Fields of FileMetaData
_NUM_ROWS, _ROW_GROUPS = 3, 4
# of RowGroup
_COLUMNS, _GROUP_OFFSET, _ORDINAL = 1, 5, 7
# of ColumnChunk
_CHUNK_OFFSET, _META_DATA, _OFFSET_INDEX, _COLUMN_INDEX = 2, 3, 4, 6
# of ColumnMetaData
_PAGE_OFFSETS = (9, 10, 11, 14)  # of data, index and dictionary pages, and of the Bloom filter


class _Field(NamedTuple):
    id: int
    type: int
    value: object


class _List(NamedTuple):
    type: int
    values: list[object]


class GroupedFile:
    """The footer of a file that grows."""

    def __init__(self) -> None:
        self._position = len(MAGIC)
        self._footer: list[_Field] = []
        self._rows = 0
        self._groups: list[bytes] = []

    def add(self, file: bytes) -> memoryview:
        """
        Return what the row groups of *file*, a Parquet file with the same columns as all others, add to this one.

        It is to be written right after what was added before, the first after `MAGIC`.
        """
        footer_size = int.from_bytes(file[-8:-4], "little")
        end = len(file) - 8 - footer_size
        footer = _Reader(file, end).struct()
        by_id = {field.id: field for field in footer}
        rows, groups = by_id[_NUM_ROWS].value, by_id[_ROW_GROUPS].value
        assert isinstance(rows, int)
        assert isinstance(groups, _List)
        if not self._footer:
            self._footer = footer
        self._rows += rows
        for group in groups.values:
            self._groups.append(_struct(_shifted_group(group, self._position - len(MAGIC))))
        self._position += end - len(MAGIC)
        return memoryview(file)[len(MAGIC) : end]

    def tail(self) -> bytes:
        """The footer; something has been added."""
        data = bytearray()
        last = 0
        for field in self._footer:
            if field.id == _ROW_GROUPS:
                last = _put_head(data, last, field.id, _LIST)
                _put_list_head(data, _STRUCT, len(self._groups))
                data += b"".join(self._groups)
            else:
                value = self._rows if field.id == _NUM_ROWS else field.value
                last = _put_field(data, last, _Field(field.id, field.type, value))
        data.append(0)
        return bytes(data) + len(data).to_bytes(4, "little") + MAGIC


def _shifted_group(group: object, by: int) -> list[_Field]:
    fields = []
    for field in _fields(group):
        value = field.value
        if field.id == _COLUMNS:
            assert isinstance(value, _List)
            value = _List(value.type, [_shifted_chunk(chunk, by) for chunk in value.values])
        elif field.id == _GROUP_OFFSET:
            value = _sum(value, by)
        if field.id != _ORDINAL:  # it has 16 bits, and may be left out
            fields.append(_Field(field.id, field.type, value))
    return fields


def _shifted_chunk(chunk: object, by: int) -> list[_Field]:
    fields = []
    for field in _fields(chunk):
        value = field.value
        if field.id == _META_DATA:
            value = [
                _Field(each.id, each.type, _sum(each.value, by) if each.id in _PAGE_OFFSETS else each.value)
                for each in _fields(value)
            ]
        elif field.id in (_OFFSET_INDEX, _COLUMN_INDEX) or (field.id == _CHUNK_OFFSET and value):
            value = _sum(value, by)
        fields.append(_Field(field.id, field.type, value))
    return fields


def _sum(value: object, by: int) -> int:
    assert isinstance(value, int)
    return value + by


def _fields(value: object) -> list[_Field]:
    assert isinstance(value, list)
    return value


# --- the compact protocol


class _Reader:
    """Reads values from *data* on, from *at* on."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at

    def struct(self) -> list[_Field]:
        fields: list[_Field] = []
        id_ = 0
        while True:
            head = self._byte()
            if head == 0:
                return fields
            id_ = id_ + (head >> 4) if head >> 4 else self._signed()
            fields.append(_Field(id_, head & 15, self._value(head & 15)))

    def _value(self, type_: int) -> object:
        if type_ in (_TRUE, _FALSE):
            return None
        if type_ == _BYTE:
            return self._byte()
        if type_ in (_I16, _I32, _I64):
            return self._signed()
        if type_ == _DOUBLE:
            return self._bytes(8)
        if type_ == _BINARY:
            return self._bytes(self._unsigned())
        if type_ in (_LIST, _SET):
            head = self._byte()
            count = head >> 4 if head >> 4 != 15 else self._unsigned()
            of = head & 15
            return _List(of, [self._byte() if of in (_TRUE, _FALSE) else self._value(of) for _ in range(count)])
        assert type_ == _STRUCT, type_  # Parquet has no maps
        return self.struct()

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _bytes(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)


def _struct(fields: list[_Field]) -> bytes:
    data = bytearray()
    last = 0
    for field in fields:
        last = _put_field(data, last, field)
    data.append(0)
    return bytes(data)


def _put_field(data: bytearray, last: int, field: _Field) -> int:
    _put_head(data, last, field.id, field.type)
    _put_value(data, field.type, field.value)
    return field.id


def _put_head(data: bytearray, last: int, id_: int, type_: int) -> int:
    if 0 < id_ - last < 16:
        data.append((id_ - last) << 4 | type_)
    else:
        data.append(type_)
        _put_signed(data, id_)
    return id_


def _put_list_head(data: bytearray, type_: int, count: int) -> None:
    if count < 15:
        data.append(count << 4 | type_)
    else:
        data.append(0xF0 | type_)
        _put_unsigned(data, count)


def _put_value(data: bytearray, type_: int, value: object) -> None:
    if isinstance(value, _List):
        _put_list_head(data, value.type, len(value.values))
        for each in value.values:
            if value.type in (_TRUE, _FALSE):
                assert isinstance(each, int)
                data.append(each)
            else:
                _put_value(data, value.type, each)
    elif isinstance(value, list):
        data += _struct(value)
    elif isinstance(value, bytes):
        if type_ == _BINARY:
            _put_unsigned(data, len(value))
        data += value
    elif isinstance(value, int):
        if type_ == _BYTE:
            data.append(value)
        else:
            _put_signed(data, value)


def _put_unsigned(data: bytearray, value: int) -> None:
    while value >= 0x80:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)


def _put_signed(data: bytearray, value: int) -> None:
    _put_unsigned(data, value << 1 if value >= 0 else (-value << 1) - 1)
