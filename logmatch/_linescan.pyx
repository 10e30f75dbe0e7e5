# cython: language_level=3, boundscheck=False, wraparound=False
"""Linescan: passes over bytes and numbers that would take Python a step for each; `linescan` says what they mean."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memcpy

cdef extern from "_simd.h":
    void lm_choose()
    size_t lm_count(const uint8_t *data, size_t size) nogil


def count_lines(const uint8_t[::1] data not None):
    """How many lines *data* has; a last line without "\\n" counts."""
    cdef size_t count
    cdef Py_ssize_t size = data.shape[0]
    if size == 0:
        return 0
    with nogil:
        # SAFETY: `lm_count` reads the `size` bytes that the buffer has, and no more; size > 0, so size - 1 is in it.
        count = lm_count(&data[0], <size_t>size)
        if data[size - 1] != c'\n':
            count += 1
    return count


def piece_end(const uint8_t[::1] data not None, Py_ssize_t begin, Py_ssize_t size):
    """Where a piece of about *size* bytes of *data* ends that begins at *begin* and holds whole lines, at least one."""
    cdef Py_ssize_t end, place
    if not (0 <= begin < data.shape[0] and size > 0):
        raise ValueError("no such piece of the data")
    if size >= data.shape[0] - begin:
        return data.shape[0]
    end = begin + size
    with nogil:
        # SAFETY: begin < place <= data.shape[0] wherever data[place - 1] is read: `end` is in the data, and both loops
        # compare before they read.
        place = end
        while place > begin and data[place - 1] != c'\n':
            place -= 1
        if place == begin:
            place = end
            while place < data.shape[0] and data[place - 1] != c'\n':
                place += 1
    return place


def copied(const uint8_t[::1] data not None):
    """*data* as bytes of their own; other threads run while they are copied."""
    cdef size_t size = <size_t>data.shape[0]
    cdef bytes copy = PyBytes_FromStringAndSize(NULL, data.shape[0])
    cdef char *to = PyBytes_AS_STRING(copy)
    if size:
        with nogil:
            # SAFETY: both have `size` bytes, and nobody else knows the copy yet; the view keeps what it shows in place.
            memcpy(to, &data[0], size)
    return copy


def most_number(const uint8_t[::1] pairs not None):
    """The greatest number in *pairs*, see `add_pairs`; -1 if there is none."""
    cdef const int32_t *pair = <const int32_t *>&pairs[0] if pairs.shape[0] else NULL
    cdef int32_t most = -1
    cdef Py_ssize_t i
    for i in range(pairs.shape[0] // 8):
        # SAFETY: a pair has 8 bytes, and i counts the whole pairs of the buffer.
        if pair[2 * i] > most:
            most = pair[2 * i]
    return most


def add_pairs(int64_t[::1] totals not None, const uint8_t[::1] pairs not None):
    """Add to *totals*, by number, the counts in *pairs*: numbers and counts in turn, as 32-bit integers."""
    cdef const int32_t *pair = <const int32_t *>&pairs[0] if pairs.shape[0] else NULL
    cdef Py_ssize_t i
    for i in range(pairs.shape[0] // 8):
        # SAFETY: as in `most_number`; the number is compared with the length of `totals` before it is an index.
        if not 0 <= pair[2 * i] < totals.shape[0]:
            raise IndexError("totals are too short")
        totals[pair[2 * i]] += pair[2 * i + 1]


def count_blank(
    const uint8_t[::1] data not None, const int32_t[::1] begins not None, const int32_t[::1] ends not None,
    const int32_t[::1] numbers not None
):
    """How many of the lines of *data* whose number is -1 hold nothing but spaces and tabs."""
    cdef Py_ssize_t i, place, end, count = 0
    if not begins.shape[0] == ends.shape[0] == numbers.shape[0]:
        raise ValueError("the columns are of different lengths")
    with nogil:
        for i in range(numbers.shape[0]):
            if numbers[i] >= 0:
                continue
            place = begins[i]
            end = ends[i]
            # SAFETY: data is read from `place` on and before `end`, both of which are compared with its bounds here.
            if place < 0 or end > data.shape[0]:
                continue
            while place < end and (data[place] == c' ' or data[place] == c'\t'):
                place += 1
            count += place >= end
    return count


lm_choose()
