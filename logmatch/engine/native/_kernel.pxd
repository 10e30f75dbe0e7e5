# cython: language_level=3
# What _encode.pyx shares with _kernel.pyx: the table of lines.

cimport cython
from libc.stdint cimport int32_t, uint8_t


@cython.final
cdef class Table:
    cdef int32_t *ends
    cdef uint8_t *special
    cdef int32_t *numbers
    cdef int32_t *span_begins
    cdef int32_t *spans
    cdef readonly Py_ssize_t line_count
    cdef Py_ssize_t line_room
    cdef Py_ssize_t span_room
    cdef Py_ssize_t views
    cdef int make_room_for_lines(self, Py_ssize_t lines) except -1 nogil
    cdef int make_room_for_spans(self, Py_ssize_t used, Py_ssize_t more) except -1 nogil
