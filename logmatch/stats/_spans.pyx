# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""
Spans: values of a field where they stand in a batch of lines, and how often each comes; no Python object for a value.

`Counts` is the native twin of `sketch.Counts`, and gives the same answer. A value is found by a hash of its bytes that differs
from run to run, so that no log can be made to meet its worst case; no answer depends on it. Memory: 40 bytes for each distinct
value, and its bytes.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy

import os

cdef extern from "Python.h":
    double PyOS_string_to_double(const char *s, char **endptr, object overflow_exception) except? -1.0


cdef uint64_t SEED = int.from_bytes(os.urandom(8), "little")

cdef uint32_t[256] CRC


cdef void _fill_crc() noexcept:
    cdef uint32_t value
    cdef int byte, _
    for byte in range(256):
        value = <uint32_t>byte
        for _ in range(8):
            value = value >> 1 ^ (<uint32_t>0xEDB88320 if value & 1 else <uint32_t>0)
        CRC[byte] = value


_fill_crc()


def rows_by_number(const int32_t[::1] numbers not None):
    """The places of each number from 0 in *numbers*, ascending: (number, places), in the order of their first places."""
    cdef Py_ssize_t n = numbers.shape[0], i
    cdef int32_t most = -1, number
    cdef int32_t *ends
    cdef int32_t[::1] view
    for i in range(n):
        if numbers[i] > most:
            most = numbers[i]
    if most < 0:
        return []
    ends = <int32_t *>calloc(<size_t>most + 2, sizeof(int32_t))
    if ends == NULL:
        raise MemoryError
    try:
        found = []
        for i in range(n):
            # SAFETY: 0 <= number <= most, and there is one counter more.
            if numbers[i] >= 0:
                if not ends[numbers[i]]:
                    found.append(numbers[i])
                ends[numbers[i]] += 1
        rows = {}
        for number in found:
            rows[number] = memoryview(bytearray(4 * ends[number])).cast("i")
        if len(found) == 1:
            view = rows[found[0]]
            place = 0
            for i in range(n):
                if numbers[i] >= 0:
                    view[place] = <int32_t>i
                    place += 1
        else:
            _fill(numbers, rows, most)
    finally:
        free(ends)
    return [(number, rows[number]) for number in found]


cdef int _fill(const int32_t[::1] numbers, dict rows, int32_t most) except -1:
    cdef int32_t **at = <int32_t **>calloc(<size_t>most + 1, sizeof(int32_t *))
    cdef int32_t[::1] view
    cdef Py_ssize_t i
    if at == NULL:
        raise MemoryError
    for number, places in rows.items():
        view = places
        at[<int32_t>number] = &view[0]
    for i in range(numbers.shape[0]):
        if numbers[i] >= 0:
            # SAFETY: each number has as many places as it occurs; it is written to so often.
            at[numbers[i]][0] = <int32_t>i
            at[numbers[i]] += 1
    free(at)
    return 0


@cython.final
cdef class Spans:
    """
    The texts of one field, or of several from the first to the last with what is between them, for some lines of a batch.

    A sequence of bytes that are made when they are asked for.

    Args:
        rows: the places of the lines.
        first: the first field's place among those of the variant; and the last's.
        start: bytes that are left off at the beginning of each; and at its end.
    """

    cdef const uint8_t[::1] data
    cdef const int32_t[::1] begins, span_begins, spans, rows
    cdef int first, last, start, end
    cdef object matches

    def __init__(self, matches, const int32_t[::1] rows not None, int first, int last, int start=0, int end=0):
        if first < 0 or last < first or start < 0 or end < 0:
            raise ValueError("no such fields")
        self.matches = matches
        self.data = matches.data
        self.begins = matches.line_begins
        self.span_begins = matches.span_begins
        self.spans = matches.spans
        self.rows = rows
        self.first = first
        self.last = last
        self.start = start
        self.end = end

    def __len__(self):
        return self.rows.shape[0]

    def __getitem__(self, Py_ssize_t at):
        cdef const uint8_t *text
        cdef Py_ssize_t size
        if at < 0:
            at += self.rows.shape[0]
        if not 0 <= at < self.rows.shape[0]:
            raise IndexError("there are not so many lines")
        size = self.find(at, &text)
        return PyBytes_FromStringAndSize(<const char *>text, size)

    cdef Py_ssize_t find(self, Py_ssize_t at, const uint8_t **text) except -1 nogil:
        # SAFETY: `at` is a place in `rows`: the caller has looked. Everything else that is read is compared here.
        cdef Py_ssize_t row = self.rows[at], begin, last, start, end
        if row < 0 or row + 1 >= self.span_begins.shape[0] or row >= self.begins.shape[0]:
            with gil:
                raise IndexError("there is no such line")
        begin = self.span_begins[row]
        last = begin + 2 * self.last + 1
        if begin < 0 or last >= self.spans.shape[0] or last >= self.span_begins[row + 1]:
            with gil:
                raise IndexError("the line has no such field")
        start = self.begins[row] + self.spans[begin + 2 * self.first] + self.start
        end = self.begins[row] + self.spans[last] - self.end
        if start < 0 or end > self.data.shape[0]:
            with gil:
                raise IndexError("the field is not in the data")
        if end < start:
            end = start
        text[0] = &self.data[0] + start if end > start else <const uint8_t *>b""
        return end - start

    def trimmed(self, int start, int end):
        """These texts without so many bytes at their beginning, and at their end."""
        return Spans(self.matches, self.rows, self.first, self.last, self.start + start, self.end + end)

    def tokens(self):
        """These texts as tokens of JSON: with their quotes where quotes stand around them."""
        cdef const uint8_t *text
        cdef Py_ssize_t size, at
        cdef list found = []
        for at in range(self.rows.shape[0]):
            size = self.find(at, &text)
            # SAFETY: a record begins with a brace and a key, and ends with a brace, so there is a byte before each value
            # of it and one after; both are read only where `find` has given a place in the data.
            if size == 0:
                found.append(b'""')
            elif text[-1] == c'"':
                found.append(PyBytes_FromStringAndSize(<const char *>text - 1, size + 2))
            else:
                found.append(PyBytes_FromStringAndSize(<const char *>text, size))
        return found

    def up_to(self, Spans later not None):
        """The texts from these to those of *later*, of the same lines; None if not just one space is between two of them."""
        cdef const uint8_t *text
        cdef const uint8_t *after
        cdef Py_ssize_t size, at
        if later.matches is not self.matches or later.rows.shape[0] != self.rows.shape[0] or later.last < self.first:
            return None
        for at in range(self.rows.shape[0]):
            size = self.find(at, &text)
            later.find(at, &after)
            # SAFETY: text[size] is read only where another text of the same line begins after it.
            if after != text + size + 1 or text[size] != c" ":
                return None
        return Spans(self.matches, self.rows, self.first, later.last, self.start, later.end)

    def beginnings(self, Py_ssize_t longest):
        """How often each text comes, of which at most *longest* bytes count; in the order of their first places."""
        cdef const uint8_t *text
        cdef const uint8_t *before = NULL
        cdef Py_ssize_t size, size_before = -1, at, times = 0
        cdef dict counts = {}
        value = None
        for at in range(self.rows.shape[0]):
            size = self.find(at, &text)
            if size > longest:
                size = longest
            if size == size_before and memcmp(text, before, <size_t>size) == 0:
                times += 1
                continue
            if times:
                counts[value] = counts.get(value, 0) + times
            before, size_before, times = text, size, 1
            value = PyBytes_FromStringAndSize(<const char *>text, size)
        if times:
            counts[value] = counts.get(value, 0) + times
        return counts


cdef struct Entry:
    uint64_t hash_
    int64_t place       # of its bytes in the memory
    int64_t count
    int32_t size


@cython.final
cdef class Counts:
    """Values and how often each came; see `sketch.Counts`."""

    cdef Entry *entries
    cdef Py_ssize_t used, room
    cdef int32_t *slots         # of each the number of an entry plus 1; 0: free
    cdef Py_ssize_t slot_count  # a power of two, more than twice `used`
    cdef uint8_t *memory
    cdef Py_ssize_t bytes_used, bytes_room
    cdef Py_ssize_t new_from    # entries from here on came with the last `add`

    def __cinit__(self):
        self.slot_count = 16
        self.slots = <int32_t *>calloc(16, sizeof(int32_t))
        self.entries = <Entry *>malloc(8 * sizeof(Entry))
        self.room = 8
        self.memory = <uint8_t *>malloc(64)
        self.bytes_room = 64
        if self.slots == NULL or self.entries == NULL or self.memory == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.slots)
        free(self.entries)
        free(self.memory)

    def __len__(self):
        return self.used

    def add(self, values, Py_ssize_t longest):
        """Count *values*; return those that are longer than *longest* bytes, which are not counted."""
        self.new_from = self.used
        return self.add_spans(values, longest) if isinstance(values, Spans) else self.add_texts(values, longest)

    cdef list add_spans(self, Spans values, Py_ssize_t longest):
        cdef const uint8_t *text
        cdef Py_ssize_t size, at
        cdef list long_ = []
        for at in range(values.rows.shape[0]):
            size = values.find(at, &text)
            if size > longest:
                long_.append(PyBytes_FromStringAndSize(<const char *>text, size))
            else:
                self.count(text, size)
        return long_

    cdef list add_texts(self, values, Py_ssize_t longest):
        cdef bytes text
        cdef list long_ = []
        for text in values:
            if PyBytes_GET_SIZE(text) > longest:
                long_.append(text)
            else:
                self.count(<const uint8_t *>PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text))
        return long_

    cdef int count(self, const uint8_t *text, Py_ssize_t size) except -1:
        # SAFETY: `size` bytes are at `text`. A slot holds 0 or the number of an entry plus 1; one slot at least is free, so
        # the search ends; an entry's bytes are in the memory.
        cdef uint64_t hash_ = _hash(text, size)
        cdef Py_ssize_t mask = self.slot_count - 1, slot = <Py_ssize_t>(hash_ & <uint64_t>mask)
        cdef Entry *entry
        while self.slots[slot]:
            entry = self.entries + self.slots[slot] - 1
            if entry.hash_ == hash_ and entry.size == size and not memcmp(self.memory + entry.place, text, <size_t>size):
                entry.count += 1
                return 0
            slot = slot + 1 & mask
        if self.used == 0x7FFFFFFE:
            raise MemoryError
        self.make_room(size)
        entry = self.entries + self.used
        entry.hash_, entry.place, entry.count, entry.size = hash_, self.bytes_used, 1, <int32_t>size
        memcpy(self.memory + self.bytes_used, text, <size_t>size)
        self.bytes_used += size
        self.used += 1
        self.slots[slot] = <int32_t>self.used
        if 2 * self.used >= self.slot_count:
            self.spread(4 * self.slot_count)
        return 0

    cdef int make_room(self, Py_ssize_t size) except -1:
        # Room for one entry more, and for its bytes.
        cdef void *moved
        cdef Py_ssize_t room
        if self.used == self.room:
            moved = realloc(self.entries, <size_t>(2 * self.room) * sizeof(Entry))
            if moved == NULL:
                raise MemoryError
            self.entries = <Entry *>moved
            self.room *= 2
        if self.bytes_used + size > self.bytes_room:
            room = 2 * self.bytes_room + size
            moved = realloc(self.memory, <size_t>room)
            if moved == NULL:
                raise MemoryError
            self.memory = <uint8_t *>moved
            self.bytes_room = room
        return 0

    cdef int spread(self, Py_ssize_t slot_count) except -1:
        # Give the entries so many slots.
        cdef int32_t *slots = <int32_t *>calloc(<size_t>slot_count, sizeof(int32_t))
        cdef Py_ssize_t at, slot, mask = slot_count - 1
        if slots == NULL:
            raise MemoryError
        for at in range(self.used):
            slot = <Py_ssize_t>(self.entries[at].hash_ & <uint64_t>mask)
            while slots[slot]:
                slot = slot + 1 & mask
            slots[slot] = <int32_t>(at + 1)
        free(self.slots)
        self.slots = slots
        self.slot_count = slot_count
        return 0

    cdef bytes text_of(self, Py_ssize_t at):
        cdef Entry *entry = self.entries + at
        return PyBytes_FromStringAndSize(<const char *>self.memory + entry.place, entry.size)

    def items(self, int64_t least=1):
        """Each value that came *least* times at least, with how often it came."""
        cdef Py_ssize_t at
        return [(self.text_of(at), self.entries[at].count) for at in range(self.used) if self.entries[at].count >= least]

    def counts(self):
        """How often each value came."""
        cdef Py_ssize_t at
        return [self.entries[at].count for at in range(self.used)]

    def new_ending_in_zeros(self, int bits, bint every=False):
        """The values that came first with the last `add` and whose hash ends in *bits* zeros; with *every* all values."""
        cdef Py_ssize_t at
        cdef uint64_t mask = (<uint64_t>1 << bits) - 1
        cdef Entry *entry
        cdef list found = []
        for at in range(0 if every else self.new_from, self.used):
            entry = self.entries + at
            if not _mixed(self.memory + entry.place, entry.size) & mask:
                found.append(self.text_of(at))
        return found

    def new_beyond(self, least, greatest):
        """
        Of the values that came first with the last `add`, all numbers, those that are not between *least* and *greatest*.

        None: there is no such bound.
        """
        cdef double low, high, number
        cdef Py_ssize_t at
        if least is None:
            return [self.text_of(at) for at in range(self.new_from, self.used)]
        low, high = float(least), float(greatest)
        found = []
        for at in range(self.new_from, self.used):
            number = self.number(at)
            if not low < number < high:
                found.append(self.text_of(at))
        return found

    cdef double number(self, Py_ssize_t at) except? -1.0:
        cdef Entry *entry = self.entries + at
        cdef const uint8_t *text = self.memory + entry.place
        cdef int64_t value = 0
        cdef Py_ssize_t i
        if 0 < entry.size <= 15:  # exact as a double
            for i in range(entry.size):
                if not c"0" <= text[i] <= c"9":
                    break
                value = 10 * value + text[i] - c"0"
            else:
                return <double>value
        return float(self.text_of(at))

    def cut(self, int64_t amount):
        """Take *amount* from each count, and leave out values that have no more."""
        cdef Py_ssize_t at, kept = 0, place = 0
        cdef Entry *entry
        for at in range(self.used):
            entry = self.entries + at
            if entry.count > amount:
                # SAFETY: what is kept moves down, never beyond where it was; entries lie in the order of their bytes.
                memcpy_down(self.memory + place, self.memory + entry.place, entry.size)
                self.entries[kept] = entry[0]
                self.entries[kept].place = place
                self.entries[kept].count -= amount
                place += entry.size
                kept += 1
        self.used, self.bytes_used, self.new_from = kept, place, kept
        self.spread(self.slot_count)


cdef inline void memcpy_down(uint8_t *to, const uint8_t *from_, Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(size):
        to[i] = from_[i]


cdef inline uint64_t _mix(uint64_t a) noexcept nogil:
    a ^= a >> 32
    a *= <uint64_t>0xD6E8FEB86659FD93
    a ^= a >> 32
    a *= <uint64_t>0xD6E8FEB86659FD93
    return a ^ a >> 32


cdef uint64_t _hash(const uint8_t *text, Py_ssize_t size) noexcept nogil:
    cdef uint64_t state = SEED ^ <uint64_t>size, word
    while size >= 8:
        memcpy(&word, text, 8)
        state = _mix(state ^ word)
        text += 8
        size -= 8
    if size:
        word = 0
        memcpy(&word, text, <size_t>size)
        state = _mix(state ^ word)
    return state


cdef uint64_t _mixed(const uint8_t *text, Py_ssize_t size) noexcept nogil:
    # hash((zlib.crc32(text), zlib.adler32(text))) of CPython, see `sketch`: xxHash of two numbers (Objects/tupleobject.c).
    cdef uint32_t crc = 0xFFFFFFFF, low = 1, high = 0
    cdef uint64_t state = <uint64_t>2870177450012600261
    cdef Py_ssize_t i
    for i in range(size):
        crc = crc >> 8 ^ CRC[(crc ^ text[i]) & 0xFF]
        low = (low + text[i]) % 65521
        high = (high + low) % 65521
    state = _lane(state, crc ^ <uint32_t>0xFFFFFFFF)
    state = _lane(state, <uint64_t>high << 16 | low)
    return state + (<uint64_t>2 ^ <uint64_t>2870177450012600261 ^ <uint64_t>3527539)


cdef inline uint64_t _lane(uint64_t state, uint64_t number) noexcept nogil:
    state += number * <uint64_t>14029467366897019727
    state = state << 31 | state >> 33
    return state * <uint64_t>11400714785074694791
