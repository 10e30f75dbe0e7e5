# Counting: bytes and lines of a chunk, and how many lines each template matched.

def count_lines(const uint8_t[::1] data not None):
    """How many lines *data* has; a last line without "\\n" counts."""
    cdef size_t count
    cdef Py_ssize_t size = data.shape[0]
    if size == 0:
        return 0
    with nogil:
        count = lm_count(&data[0], <size_t>size)
        if data[size - 1] != c'\n':
            count += 1
    return count


def most_number(const uint8_t[::1] pairs not None):
    """The greatest number in *pairs*, see `add_pairs`; -1 if there is none."""
    cdef const int32_t *pair = <const int32_t *>&pairs[0] if pairs.shape[0] else NULL
    cdef int32_t most = -1
    cdef Py_ssize_t i
    for i in range(pairs.shape[0] // 8):
        if pair[2 * i] > most:
            most = pair[2 * i]
    return most


def add_pairs(int64_t[::1] totals not None, const uint8_t[::1] pairs not None):
    """Add to *totals*, by number, the counts in *pairs*: numbers and counts in turn, as 32-bit integers."""
    cdef const int32_t *pair = <const int32_t *>&pairs[0] if pairs.shape[0] else NULL
    cdef Py_ssize_t i
    for i in range(pairs.shape[0] // 8):
        if not 0 <= pair[2 * i] < totals.shape[0]:
            raise IndexError("totals are too short")
        totals[pair[2 * i]] += pair[2 * i + 1]


def piece_end(const uint8_t[::1] data not None, Py_ssize_t begin, Py_ssize_t size):
    """Where a piece of about *size* bytes of *data* ends that begins at *begin* and holds whole lines, at least one."""
    cdef Py_ssize_t end = begin + size, place
    if not (0 <= begin < data.shape[0] and size > 0):
        raise ValueError("no such piece of the data")
    if end >= data.shape[0]:
        return data.shape[0]
    with nogil:
        place = end
        while place > begin and data[place - 1] != c'\n':
            place -= 1
        if place == begin:
            place = end
            while place < data.shape[0] and data[place - 1] != c'\n':
                place += 1
    return place
