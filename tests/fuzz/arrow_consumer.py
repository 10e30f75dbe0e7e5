"""A consumer of the Arrow C data interface that moves arrays about, by `ctypes`."""

from __future__ import annotations

from ctypes import byref
from typing import Any

from logmatch.output import arrow_structs


def count_rows(records: Any, children_first: bool) -> int:
    """
    Take a stream of *records* as a consumer does, whoever made it, and count its rows.

    Args:
        children_first: whether the children of an array are moved out of it, and released after it.
    """
    capsule = records.__arrow_c_stream__()
    stream: Any = arrow_structs._Stream.from_address(arrow_structs._pointer_of(id(capsule), b"arrow_array_stream"))
    schema = arrow_structs._Schema()
    if stream.get_schema(byref(stream), byref(schema)):
        raise MemoryError
    rows = 0
    while True:
        array: Any = arrow_structs._Array()
        if stream.get_next(byref(stream), byref(array)):
            raise MemoryError
        if not array.release:
            break
        rows += array.length
        moved = []
        for place in range(array.n_children):
            child = array.children[place].contents
            if child.length != array.length:
                raise ValueError("a column of another length")
            if children_first:
                moved.append(arrow_structs._Array.from_buffer_copy(child))
                child.release = arrow_structs._ReleaseArray()
        array.release(byref(array))
        for child in moved:
            child.release(byref(child))
    schema.release(byref(schema))
    stream.release(byref(stream))
    del capsule
    return rows
