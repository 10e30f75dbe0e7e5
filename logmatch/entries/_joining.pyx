# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""
Joining: columns of entries in, columns of records out: `joining._join`, which is the definition, compiled.

Where the lines of each record stand one after the other with one line break between them, which is nearly always so, the
texts stay where they are; else they are copied.
"""

from array import array

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

cdef extern from "_simd.h" nogil:
    size_t lm_count(const uint8_t *p, size_t n)
    const char *lm_choose()

cdef enum:
    STREAMS = 3
    # as `entries.State`
    WHOLE = 0
    TRUNCATED = 1
    FIRST_ERROR = 2


cdef struct Record:
    int32_t row             # that it begins with
    int32_t last            # the last row whose text is kept
    int32_t more_end        # of that
    int64_t count, lines, size, last_line, last_offset
    uint8_t state


cdef struct Columns:
    const uint8_t *data
    Py_ssize_t size
    const int32_t *begins
    const int32_t *ends
    const int32_t *more_ends
    const int64_t *line_deltas
    const int64_t *line_counts
    const int64_t *offset_deltas
    const uint8_t *states
    const uint8_t *streams
    const uint8_t *starts


cdef struct Rules:
    int64_t max_lines, max_bytes, gap_lines, gap_bytes


cdef bint find_records(
    const Columns *c, Py_ssize_t count, const Rules *rules, const int64_t *held_lines, const int64_t *held_offsets,
    Py_ssize_t held, Record *records, int32_t *following, Py_ssize_t *record_count, int64_t *left_out
) noexcept nogil:
    # Fill `records`, and for each row the next of its record that is kept (-1: none); whether all texts can stay in place.
    # SAFETY: there is room for `count` records; a stream is below STREAMS, and places are in the data (`are_right`).
    cdef Py_ssize_t[STREAMS] last
    cdef Py_ssize_t i, found = 0
    cdef int64_t lines, size, gap
    cdef Record *record
    cdef bint in_place = True
    for i in range(STREAMS):
        last[i] = -1
    for i in range(count):
        following[i] = -1
        record = NULL
        if c.states[i] < FIRST_ERROR and last[c.streams[i]] >= 0 and not c.starts[i]:
            record = records + last[c.streams[i]]
            gap = c.line_deltas[i] - record.last_line
            if gap > 1 and (gap > rules.gap_lines or c.offset_deltas[i] - record.last_offset > rules.gap_bytes):
                record = NULL
        size = c.more_ends[i] - c.begins[i]
        lines = 1
        if c.more_ends[i] > c.ends[i]:
            lines += <int64_t>lm_count(c.data + c.ends[i], <size_t>(c.more_ends[i] - c.ends[i]))
        if record == NULL:
            record = records + found
            if c.states[i] < FIRST_ERROR:
                last[c.streams[i]] = found
            found += 1
            record.row = record.last = <int32_t>i
            record.more_end = c.more_ends[i]
            record.count = c.line_counts[i]
            record.lines = lines
            record.size = size
            record.state = c.states[i]
        else:
            record.count += c.line_counts[i]
            if (
                record.state == WHOLE and record.lines + lines <= rules.max_lines
                and record.size + 1 + size <= rules.max_bytes
            ):
                # SAFETY: `begins` is above 0 where it is one more than another place.
                if c.begins[i] != record.more_end + 1 or c.data[c.begins[i] - 1] != c'\n':
                    in_place = False
                following[record.last] = <int32_t>i
                record.last = <int32_t>i
                record.more_end = c.more_ends[i]
                record.lines += lines
                record.size += 1 + size
                record.state = c.states[i]
            else:
                record.state = TRUNCATED
                left_out[0] += c.line_counts[i]
        record.last_line = held_lines[i] if i < held else c.line_deltas[i] + c.line_counts[i] - 1
        record.last_offset = held_offsets[i] if i < held else c.offset_deltas[i]
    record_count[0] = found
    return in_place


cdef bint are_right(const Columns *c, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(count):
        if not 0 <= c.begins[i] <= c.ends[i] <= c.more_ends[i] <= c.size or c.streams[i] >= STREAMS:
            return False
    return True


def join(
    entries, const uint8_t[::1] starts not None, int64_t max_lines, int64_t max_bytes, const int64_t[::1] held_lines not None,
    const int64_t[::1] held_offsets not None, int64_t most_gap_lines, int64_t most_gap_bytes
):
    """
    See `joining.join`. Returns the texts (None: they stay where they are), the columns, the rows that records begin with,
    their last physical lines and where these begin, and how many physical lines are left out.

    Raises:
        ValueError: the columns are not those of entries.
    """
    cdef const uint8_t[::1] data = entries.data
    cdef const int32_t[::1] begins = entries.begins, ends = entries.ends, more_ends = entries.more_ends
    cdef const int32_t[::1] input_begins = entries.input_begins, input_ends = entries.input_ends
    cdef const int64_t[::1] line_deltas = entries.line_deltas, line_counts = entries.line_counts
    cdef const int64_t[::1] offset_deltas = entries.offset_deltas, sizes = entries.sizes
    cdef const uint8_t[::1] states = entries.states, streams = entries.streams
    cdef Py_ssize_t count = starts.shape[0], held = held_lines.shape[0], found = 0, i, total = 0
    cdef int64_t left_out = 0
    cdef Columns c
    cdef Rules rules
    cdef Record *records
    cdef int32_t *following
    cdef uint8_t *to = NULL
    cdef bint in_place, right
    if not (
        begins.shape[0] == ends.shape[0] == more_ends.shape[0] == input_begins.shape[0] == input_ends.shape[0]
        == line_deltas.shape[0] == line_counts.shape[0] == offset_deltas.shape[0] == sizes.shape[0] == states.shape[0]
        == streams.shape[0] == count
    ):
        raise ValueError("the columns are of different lengths")
    if held_offsets.shape[0] != held or held > count:
        raise ValueError("what is held is not of these entries")
    if count == 0:
        return None, (b"",) * 11, array("i"), array("q"), array("q"), 0
    c.data = &data[0] if data.shape[0] else NULL
    c.size = data.shape[0]
    c.begins, c.ends, c.more_ends = &begins[0], &ends[0], &more_ends[0]
    c.line_deltas, c.line_counts, c.offset_deltas = &line_deltas[0], &line_counts[0], &offset_deltas[0]
    c.states, c.streams, c.starts = &states[0], &streams[0], &starts[0]
    rules.max_lines, rules.max_bytes = max_lines, max_bytes
    rules.gap_lines, rules.gap_bytes = most_gap_lines, most_gap_bytes
    records = <Record *>malloc(<size_t>count * sizeof(Record))
    following = <int32_t *>malloc(<size_t>count * sizeof(int32_t))
    try:
        if records == NULL or following == NULL:
            raise MemoryError
        with nogil:
            right = are_right(&c, count)
            in_place = right and find_records(
                &c, count, &rules, &held_lines[0] if held else NULL, &held_offsets[0] if held else NULL, held, records,
                following, &found, &left_out
            )
        if not right:
            raise ValueError("the columns are not those of entries")
        widths = (4, 4, 4, 4, 4, 8, 8, 8, 8, 1, 1)
        made = tuple([PyBytes_FromStringAndSize(NULL, found * width) for width in widths])
        rows = array("i", bytes(4 * found))
        last_lines = array("q", bytes(8 * found))
        last_offsets = array("q", bytes(8 * found))
        texts = None
        if not in_place:
            for i in range(found):
                total += records[i].size + 1
            if total > 0x7FFFFF00:
                raise MemoryError
            texts = PyBytes_FromStringAndSize(NULL, total)
            to = <uint8_t *><char *><bytes>texts
        fill(
            made, rows, last_lines, last_offsets, &c, &input_begins[0], &input_ends[0], &sizes[0], records, following, found, to
        )
        return texts, made, rows, last_lines, last_offsets, left_out
    finally:
        free(records)
        free(following)


cdef int fill(
    tuple made, int32_t[::1] rows, int64_t[::1] last_lines, int64_t[::1] last_offsets, const Columns *c,
    const int32_t *input_begins, const int32_t *input_ends, const int64_t *sizes, const Record *records,
    const int32_t *following, Py_ssize_t found, uint8_t *to
) except -1:
    # SAFETY: each of `made` has room for `found` numbers, and `to` for the texts of all records, each with a line break.
    cdef int32_t *begins = <int32_t *><char *><bytes>made[0]
    cdef int32_t *ends = <int32_t *><char *><bytes>made[1]
    cdef int32_t *more_ends = <int32_t *><char *><bytes>made[2]
    cdef int32_t *new_input_begins = <int32_t *><char *><bytes>made[3]
    cdef int32_t *new_input_ends = <int32_t *><char *><bytes>made[4]
    cdef int64_t *line_deltas = <int64_t *><char *><bytes>made[5]
    cdef int64_t *line_counts = <int64_t *><char *><bytes>made[6]
    cdef int64_t *offset_deltas = <int64_t *><char *><bytes>made[7]
    cdef int64_t *new_sizes = <int64_t *><char *><bytes>made[8]
    cdef uint8_t *states = <uint8_t *><char *><bytes>made[9]
    cdef uint8_t *streams = <uint8_t *><char *><bytes>made[10]
    cdef const Record *record
    cdef Py_ssize_t i
    cdef int32_t row, n
    cdef int32_t place = 0
    for i in range(found):
        record = records + i
        row = record.row
        rows[i] = row
        last_lines[i] = record.last_line
        last_offsets[i] = record.last_offset
        begins[i] = c.begins[row]
        ends[i] = c.ends[row]
        more_ends[i] = record.more_end
        new_input_begins[i] = input_begins[row]
        new_input_ends[i] = input_ends[row]
        line_deltas[i] = c.line_deltas[row]
        line_counts[i] = record.count
        offset_deltas[i] = c.offset_deltas[row]
        new_sizes[i] = sizes[row]
        states[i] = record.state
        streams[i] = c.streams[row]
        if to != NULL:
            begins[i] = place
            ends[i] = place + c.ends[row] - c.begins[row]
            while row >= 0:
                n = c.more_ends[row] - c.begins[row]
                memcpy(to + place, c.data + c.begins[row], <size_t>n)
                place += n
                to[place] = c'\n'
                place += 1
                row = following[row]
            more_ends[i] = place - 1
    return 0


def columns_of_lines(const int32_t[::1] begins not None, const int32_t[::1] ends not None):
    """The columns of entries that are these lines, each of them one."""
    cdef Py_ssize_t i, count = begins.shape[0]
    if ends.shape[0] != count:
        raise ValueError("begins and ends are not of the same lines")
    if count == 0:
        return (b"",) * 11
    places = PyBytes_FromStringAndSize(<const char *>&begins[0], 4 * count)
    stops = PyBytes_FromStringAndSize(<const char *>&ends[0], 4 * count)
    numbers = PyBytes_FromStringAndSize(NULL, 8 * count)
    counts = PyBytes_FromStringAndSize(NULL, 8 * count)
    offsets = PyBytes_FromStringAndSize(NULL, 8 * count)
    cdef int64_t *number = <int64_t *><char *><bytes>numbers
    cdef int64_t *one = <int64_t *><char *><bytes>counts
    cdef int64_t *offset = <int64_t *><char *><bytes>offsets
    for i in range(count):
        number[i] = i
        one[i] = 1
        offset[i] = begins[i]
    nothing = bytes(8 * count)
    zeros, states = nothing[: 4 * count], nothing[:count]
    return places, stops, stops, zeros, zeros, numbers, counts, offsets, nothing, states, states


def shifted(bytes column not None, int width, int64_t shift):
    """The numbers of *column*, of 4 or 8 bytes each, with *shift* added."""
    cdef Py_ssize_t i, size = len(column)
    result = PyBytes_FromStringAndSize(<const char *>column, size)
    cdef int32_t *small = <int32_t *><char *><bytes>result
    cdef int64_t *large = <int64_t *><char *><bytes>result
    if width == 4:
        for i in range(size // 4):
            if not -0x80000000 <= small[i] + shift <= 0x7FFFFFFF:
                raise MemoryError
            small[i] += <int32_t>shift
    elif width == 8:
        for i in range(size // 8):
            large[i] += shift
    else:
        raise ValueError("numbers have 4 or 8 bytes")
    return result


def continuing(const int32_t[::1] numbers not None, bytes owns_start not None):
    """See `joining.continuing`."""
    cdef Py_ssize_t i, found = 0, count = numbers.shape[0], variants = len(owns_start)
    cdef const uint8_t *owns = <const uint8_t *><const char *>owns_start
    cdef int32_t[::1] into
    for i in range(count):
        if numbers[i] >= variants:
            raise ValueError("no such variant")
        found += numbers[i] < 0 or not owns[numbers[i]]
    rows = array("i", bytes(4 * found))
    if found:
        into = rows
        found = 0
        for i in range(count):
            if numbers[i] < 0 or not owns[numbers[i]]:
                into[found] = <int32_t>i
                found += 1
    return rows


def picked(const int32_t[::1] column not None, const int32_t[::1] rows not None):
    """See `joining.picked`."""
    cdef Py_ssize_t i, count = rows.shape[0]
    cdef int32_t[::1] into
    found = array("i", bytes(4 * count))
    if count:
        into = found
        for i in range(count):
            if not 0 <= rows[i] < column.shape[0]:
                raise IndexError("there is no such row")
            into[i] = column[rows[i]]
    return found


def starting(Py_ssize_t count, const int32_t[::1] rows not None, const int32_t[::1] numbers not None):
    """See `joining.starting`."""
    cdef Py_ssize_t i
    cdef uint8_t[::1] into
    if rows.shape[0] != numbers.shape[0]:
        raise ValueError("the numbers are not those of the rows")
    flags = bytearray(b"\1") * count
    if count:
        into = flags
        for i in range(rows.shape[0]):
            if not 0 <= rows[i] < count:
                raise IndexError("there is no such row")
            into[rows[i]] = numbers[i] >= 0
    return flags


lm_choose()
