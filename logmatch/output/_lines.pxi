# Lines: the columns of `engine.matches.Matches`, and of what else is known of lines, held and checked, for whoever reads
# them without the GIL.

cdef enum:
    MATCH_COLUMNS = 7
    MOST_COLUMNS = 11       # with those of times, and what is kept


cdef struct Lines:
    Py_ssize_t count
    const int32_t *begins
    const int32_t *ends
    const uint8_t *needs_escape
    const int32_t *numbers
    const int32_t *span_begins
    const int32_t *spans
    Py_ssize_t span_count
    Text text
    Py_ssize_t size
    # Those of `times.times.Times`, and `Batch.keep`; NULL where there are none.
    const int64_t *nanoseconds
    const uint8_t *states
    const uint8_t *digits
    const uint8_t *keep


cdef int hold_columns(matches, times, keep, Py_buffer *buffers, int *held) except -1:
    # Whoever calls it releases the first *held* of the MOST_COLUMNS buffers, also after a failure. *times* and *keep* are
    # those of the `Batch`, or None.
    cdef list columns = [
        matches.data, matches.needs_escape, matches.line_begins, matches.line_ends, matches.variant_numbers,
        matches.span_begins, matches.spans
    ]
    if times is not None:
        columns += (times.nanoseconds, times.states, times.digits)
    if keep is not None:
        columns.append(keep)
    held[0] = 0
    for column in columns:
        PyObject_GetBuffer(column, &buffers[held[0]], PyBUF_SIMPLE)
        held[0] += 1
    return 0


cdef int set_lines(
    Lines *lines, const Py_buffer *buffers, Py_ssize_t count, bint is_table, bint has_times, bint has_keep
) except -1:
    # *is_table*: whether they are those of the kernel's own table, which are in order; others may come from anywhere.
    cdef int i
    cdef bint are_good = True
    # SAFETY: columns are read as what `engine.matches` says that they are, if they have as many bytes.
    if buffers[1].len != count or buffers[5].len != 4 * (count + 1) or buffers[6].len % 4:
        raise ValueError("the columns are of different lengths")
    for i in range(2, 5):
        if buffers[i].len != 4 * count:
            raise ValueError("the columns are of different lengths")
    lines.nanoseconds = NULL
    lines.keep = NULL
    i = MATCH_COLUMNS
    if has_times:
        if buffers[i].len != 8 * count or buffers[i + 1].len != count or buffers[i + 2].len != count:
            raise ValueError("the times are those of other lines")
        lines.nanoseconds = <const int64_t *>buffers[i].buf
        lines.states = <const uint8_t *>buffers[i + 1].buf
        lines.digits = <const uint8_t *>buffers[i + 2].buf
        i += 3
    if has_keep:
        if buffers[i].len != count:
            raise ValueError("what is to be kept is of other lines")
        lines.keep = <const uint8_t *>buffers[i].buf
    lines.count = count
    lines.text = <Text>buffers[0].buf
    lines.size = buffers[0].len
    lines.needs_escape = <const uint8_t *>buffers[1].buf
    lines.begins = <const int32_t *>buffers[2].buf
    lines.ends = <const int32_t *>buffers[3].buf
    lines.numbers = <const int32_t *>buffers[4].buf
    lines.span_begins = <const int32_t *>buffers[5].buf
    lines.spans = <const int32_t *>buffers[6].buf
    lines.span_count = buffers[6].len // 4
    if not is_table:
        with nogil:
            are_good = are_in_order(lines)
    if not are_good:
        raise ValueError("the columns are not those of matches")
    return 0


cdef bint are_in_order(const Lines *lines) noexcept nogil:
    # Whether all that is read of the columns is within the data, and each byte of it once.
    cdef Py_ssize_t i, k
    cdef int32_t place, last
    for i in range(lines.count):
        if not 0 <= lines.begins[i] <= lines.ends[i] <= lines.size:
            return False
        if not 0 <= lines.span_begins[i] <= lines.span_begins[i + 1] <= lines.span_count:
            return False
        last = 0
        for k in range(lines.span_begins[i], lines.span_begins[i + 1]):
            place = lines.spans[k]
            if place < last:
                return False
            last = place
        if last > lines.ends[i] - lines.begins[i]:
            return False
    return True


cdef inline bint is_blank(Text p, Text end) noexcept nogil:
    # SAFETY: `p` is compared with the end of the line before it is read.
    while p < end and (p[0] == c' ' or p[0] == c'\t'):
        p += 1
    return p >= end
