# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""
Chooser: matches, and times where there are any -> for each line whether it has a record, without the GIL.

What is asked for is laid out by `native`; `reference` is the definition of the answer.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memcmp

ctypedef const uint8_t *Text


cdef enum:
    # Where a test leads to, in place of the number of another.
    KEEP = -1
    DROP = -2
    # How a value is compared, see `native`
    TEXT = 0            # bytes, without those that are left off at both ends
    NUMBER = 1          # a decimal number, exactly
    IS_NULL = 2
    CALL = 3            # what a function of Python says of the text
    # Which texts are null
    NEVER_NULL = 0
    NULL_DASH = 1       # `-`
    NULL_INNER = 2      # that, and `-` within what is left off
    COLUMNS = 4
    MOST_COLUMNS = 6

cdef int64_t MOST_EXPONENT = 100000000000000000


cdef struct Test:
    int32_t field
    int32_t kind
    int32_t left                # bytes left off at the beginning and at the end
    int32_t right
    int32_t null
    int32_t relation            # bits: holds if the value is less (1), equal (2), greater (4)
    int32_t constant            # its place in the pool; of CALL the number of the function
    int32_t size                # bytes of a text, digits of a number
    int64_t exponent            # of a number 0.DIGITS * 10^exponent
    int32_t sign
    int32_t on_true
    int32_t on_false
    int32_t unused


cdef struct Lines:
    Py_ssize_t count
    Text text
    Py_ssize_t size
    const int32_t *begins
    const int32_t *ends
    const int32_t *numbers
    const int32_t *span_begins
    const int32_t *spans
    Py_ssize_t span_count


cdef int compare_text(Text p, Text end, Text constant, Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t n = end - p
    cdef int found = memcmp(<const void *>p, <const void *>constant, <size_t>(n if n < size else size))
    if found:
        return -1 if found < 0 else 1
    return (n > size) - (n < size)


cdef int compare_number(Text p, Text end, const Test *test, Text constant) noexcept nogil:
    # As `numbers.order`: the value is sign * 0.DIGITS * 10^exponent, whose digits stand in the text, around a point.
    cdef int sign = 1, found
    cdef Text point = NULL
    cdef Text first = NULL
    cdef Text last = NULL           # after the last digit that is no 0
    cdef Text q
    cdef int64_t exponent = 0, power = 0
    cdef bint is_negative = False
    cdef Py_ssize_t k = 0
    # SAFETY: every byte is read after its place was compared with the end.
    if p < end and (p[0] == c'-' or p[0] == c'+'):
        if p[0] == c'-':
            sign = -1
        p += 1
    q = p
    while q < end and (c'0' <= q[0] <= c'9' or (q[0] == c'.' and point == NULL)):
        if q[0] == c'.':
            point = q
        elif q[0] != c'0':
            if first == NULL:
                first = q
            last = q + 1
        q += 1
    if first == NULL:
        sign = 0
    else:
        # How many digits stand between the first that is no 0 and the point.
        if point == NULL:
            exponent = q - first
        elif first < point:
            exponent = point - first
        else:
            exponent = point + 1 - first
    if q < end and (q[0] == c'e' or q[0] == c'E'):
        q += 1
        if q < end and (q[0] == c'-' or q[0] == c'+'):
            is_negative = q[0] == c'-'
            q += 1
        while q < end and c'0' <= q[0] <= c'9':
            power = 10 * power + (q[0] - 48)
            if power > MOST_EXPONENT:
                power = MOST_EXPONENT
            q += 1
    if sign != test.sign:
        return -1 if sign < test.sign else 1
    if sign == 0:
        return 0
    exponent += -power if is_negative else power
    if exponent != test.exponent:
        return sign if exponent > test.exponent else -sign
    q = first
    while q < last and k < test.size:
        if q[0] != c'.':
            if q[0] != constant[k]:
                return sign if q[0] > constant[k] else -sign
            k += 1
        q += 1
    if q < last and q[0] == c'.':
        q += 1
    found = (q < last) - (k < test.size)
    return sign * found


@cython.final
cdef class Chooser:
    """
    Chooses lines; frozen, so that threads may share it.

    Args:
        entries: for each variant the number of its first test, `KEEP` or `DROP`; 32-bit words.
        tests: `Test`s.
        field_counts: for each variant how many fields it has; 32-bit words.
        pool: the bytes of constants.
        functions: of tests of the kind `CALL`: takes the text.
        unmatched: whether lines that match nothing are kept.
        moments, naive: the ranges of times, both ends included; None: times do not matter.

    Raises:
        ValueError: a number is not one of what it should be.
    """

    cdef bytes entries_of, tests_of, pool_of, field_counts_of
    cdef const int32_t *entries
    cdef const int32_t *field_counts
    cdef const Test *tests
    cdef Text pool
    cdef Py_ssize_t variant_count
    cdef list functions
    cdef bint unmatched, has_span
    cdef int64_t since, until, naive_since, naive_until

    def __cinit__(
        self, bytes entries, bytes tests, bytes field_counts, bytes pool, list functions, *, bint unmatched, moments, naive
    ):
        cdef Py_ssize_t i, test_count = len(tests) // <Py_ssize_t>sizeof(Test)
        cdef const Test *test
        self.entries_of, self.tests_of, self.pool_of, self.field_counts_of = entries, tests, pool, field_counts
        self.entries = <const int32_t *><const char *>self.entries_of
        self.tests = <const Test *><const char *>self.tests_of
        self.field_counts = <const int32_t *><const char *>self.field_counts_of
        self.pool = <Text><const char *>self.pool_of
        self.variant_count = len(entries) // 4
        self.functions = functions
        self.unmatched = unmatched
        self.has_span = moments is not None
        if self.has_span:
            self.since, self.until = moments
            self.naive_since, self.naive_until = naive
        # All that is indexed later without a look is looked at here. Tests lead on only, so that each line comes to an end.
        if len(field_counts) != len(entries):
            raise ValueError("a variant without fields")
        for i in range(self.variant_count):
            if not DROP <= self.entries[i] < test_count:
                raise ValueError("no such test")
        for i in range(test_count):
            test = &self.tests[i]
            if not (leads_on(test.on_true, i, test_count) and leads_on(test.on_false, i, test_count)):
                raise ValueError("a test leads back")
            if test.kind == CALL:
                if not 0 <= test.constant < len(functions):
                    raise ValueError("no such function")
            elif not 0 <= test.constant <= test.constant + test.size <= len(pool):
                raise ValueError("no such constant")
            if test.field < 0 or test.left < 0 or test.right < 0:
                raise ValueError("no such field")

    def keep(self, matches, times):
        """
        For each line of *matches* a byte, 0 where it is not kept, or None where all are; and how many are not.

        Raises:
            ValueError: the columns are not those of matches.
        """
        cdef Py_ssize_t count = matches.line_count, left_out = 0
        cdef Py_buffer[MOST_COLUMNS] buffers
        cdef int held = 0
        cdef bytes keep = PyBytes_FromStringAndSize(NULL, count)
        cdef Lines lines
        cdef const int32_t[::1] spans = matches.spans
        if count == 0:
            return None, 0
        if self.has_span and times is None:
            raise ValueError("the times of the lines are missing")
        columns = [matches.data, matches.line_begins, matches.line_ends, matches.variant_numbers, matches.span_begins]
        try:
            for column in columns:
                PyObject_GetBuffer(column, &buffers[held], PyBUF_SIMPLE)
                if held and buffers[held].len != 4 * (count + (held == 4)):
                    held += 1
                    raise ValueError("the columns are of different lengths")
                held += 1
            lines.count = count
            lines.text = <Text>buffers[0].buf
            lines.size = buffers[0].len
            lines.begins = <const int32_t *>buffers[1].buf
            lines.ends = <const int32_t *>buffers[2].buf
            lines.numbers = <const int32_t *>buffers[3].buf
            lines.span_begins = <const int32_t *>buffers[4].buf
            lines.spans = &spans[0] if spans.shape[0] else NULL
            lines.span_count = spans.shape[0]
            left_out = self.choose(&lines, <uint8_t *><char *>keep)
            if self.has_span:
                left_out += self.choose_times(&lines, times, <uint8_t *><char *>keep)
        finally:
            while held:
                held -= 1
                PyBuffer_Release(&buffers[held])
        return (keep if left_out else None), left_out

    cdef Py_ssize_t choose_times(self, const Lines *lines, times, uint8_t *keep) except -1:
        cdef const uint8_t[::1] states = times.states
        cdef Py_buffer buffer
        cdef const int64_t *nanoseconds
        cdef Py_ssize_t i, left_out = 0
        cdef bint is_within
        PyObject_GetBuffer(times.nanoseconds, &buffer, PyBUF_SIMPLE)
        try:
            if states.shape[0] != lines.count or buffer.len != 8 * lines.count:
                raise ValueError("the times are those of other lines")
            nanoseconds = <const int64_t *>buffer.buf
            with nogil:
                for i in range(lines.count):
                    if keep[i] == 0 or lines.numbers[i] < 0:
                        continue
                    if states[i] == 0 or states[i] == 3:        # `times.State`: none, impossible
                        is_within = False
                    elif states[i] == 1:                        # naive
                        is_within = self.naive_since <= nanoseconds[i] <= self.naive_until
                    else:
                        is_within = self.since <= nanoseconds[i] <= self.until
                    if not is_within:
                        keep[i] = 0
                        left_out += 1
        finally:
            PyBuffer_Release(&buffer)
        return left_out

    cdef Py_ssize_t choose(self, const Lines *lines, uint8_t *keep) except -1 nogil:
        cdef Py_ssize_t i, left_out = 0
        cdef int32_t at, number
        for i in range(lines.count):
            number = lines.numbers[i]
            if number < 0:
                at = KEEP if self.unmatched else DROP
            elif number >= self.variant_count:
                with gil:
                    raise ValueError("the matches are those of another program")
            else:
                at = self.entries[number]
                if at >= 0:
                    at = self.run(lines, i, number, at)
            keep[i] = at == KEEP
            left_out += at != KEEP
        return left_out

    cdef int32_t run(self, const Lines *lines, Py_ssize_t i, int32_t number, int32_t at) except -9 nogil:
        # The tests of a line from the one with the number *at* on: `KEEP` or `DROP`.
        cdef const Test *test
        cdef Py_ssize_t first = lines.span_begins[i], place
        cdef Text line, p, end
        cdef Text constant
        cdef int order
        cdef bint holds, is_null
        # SAFETY: all that is read of a line is seen here to be within it, and it within the data.
        if not (
            0 <= first <= lines.span_begins[i + 1] <= lines.span_count
            and lines.span_begins[i + 1] - first == 2 * self.field_counts[number]
            and 0 <= lines.begins[i] <= lines.ends[i] <= lines.size
        ):
            with gil:
                raise ValueError("the columns are not those of matches")
        line = lines.text + lines.begins[i]
        while at >= 0:
            test = &self.tests[at]
            place = first + 2 * <Py_ssize_t>test.field
            if test.field >= self.field_counts[number] or not (
                0 <= lines.spans[place] <= lines.spans[place + 1] <= <int64_t>lines.ends[i] - lines.begins[i]
            ):
                with gil:
                    raise ValueError("the columns are not those of matches")
            p = line + lines.spans[place]
            end = line + lines.spans[place + 1]
            if test.kind == CALL:
                holds = self.call(test.constant, p, end)
                at = test.on_true if holds else test.on_false
                continue
            is_null = test.null != NEVER_NULL and end - p == 1 and p[0] == c'-'
            if not is_null:
                p += test.left
                end -= test.right
                if end < p:
                    end = p
                is_null = test.null == NULL_INNER and end - p == 1 and p[0] == c'-'
            if test.kind == IS_NULL:
                holds = is_null == (test.relation == 2)
            elif is_null:
                holds = False
            else:
                constant = self.pool + test.constant
                if test.kind == NUMBER:
                    order = compare_number(p, end, test, constant)
                else:
                    order = compare_text(p, end, constant, test.size)
                holds = (test.relation >> (order + 1)) & 1
            at = test.on_true if holds else test.on_false
        return at

    cdef int call(self, int32_t number, Text p, Text end) except -1 with gil:
        return bool(self.functions[number](PyBytes_FromStringAndSize(<const char *>p, end - p)))


cdef bint leads_on(int32_t target, Py_ssize_t here, Py_ssize_t count) noexcept:
    return target == KEEP or target == DROP or here < target < count
