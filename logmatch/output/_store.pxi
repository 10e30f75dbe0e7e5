# Store: columns of typed values that grow row by row, in memory of their own; rows that a column was not given are null.

cdef enum:
    TEXT = 0        # UTF-8; the numbers are those of `table.ColumnKind`
    INTEGER = 1
    DOUBLE = 2
    PAIRS = 3       # keys and values, texts
    ID = 4          # the number of a text in a dictionary
    TIME = 5        # nanoseconds since 1970 in UTC
    KINDS = 6
    SLACK = 64      # lm_copy may write 31 bytes more than it is told
    FEW_ROWS = 64
    MOST_REPLACED = 3   # bytes that one byte of a text becomes at most: U+FFFD

cdef int64_t MOST_OFFSET = 0x7FFFFFFF     # offsets are of 32 bits


cdef struct Column:
    int32_t kind
    int64_t length      # rows that it has been filled up to
    int64_t values      # those that are not null
    int64_t room        # rows that there is room for; offsets have one more
    uint8_t *valid      # a bit for each row: whether it is not null; those beyond `length` are 0
    int32_t *offsets    # TEXT: where the row begins in `data`; PAIRS: its first pair. One more than rows
    int64_t *numbers    # INTEGER, TIME; DOUBLE: its bits
    int32_t *ids        # ID
    uint8_t *data       # TEXT
    int64_t size        # bytes of `data` that are in use
    int64_t data_room
    Column *inner       # PAIRS: the column of keys and that of values, whose rows are pairs; neither has nulls


cdef struct Store:
    # A table: its columns, and how many rows it has; a column may have been filled up to fewer.
    Column *columns
    Py_ssize_t count
    int64_t rows


cdef void free_column(Column *column) noexcept nogil:
    free(column.valid)
    free(column.offsets)
    free(column.numbers)
    free(column.ids)
    free(column.data)
    if column.inner != NULL:
        free_column(&column.inner[0])
        free_column(&column.inner[1])
        free(column.inner)


cdef Column *new_columns(const uint8_t *kinds, Py_ssize_t count) except NULL:
    cdef Column *columns = <Column *>calloc(<size_t>count + 1, sizeof(Column))
    cdef Py_ssize_t i
    if columns == NULL:
        raise MemoryError
    for i in range(count):
        columns[i].kind = kinds[i]
    return columns


cdef int resize(void **memory, int64_t size, int64_t old) except -1 nogil:
    # To *size* bytes, of which those from *old* on are 0.
    cdef void *moved = realloc(memory[0], <size_t>size)
    if moved == NULL:
        with gil:
            raise MemoryError
    memory[0] = moved
    memset(<uint8_t *>moved + old, 0, <size_t>(size - old))
    return 0


cdef int grow(Column *column, int64_t rows) except -1 nogil:
    # Room for *rows* rows at least.
    cdef int64_t room = 2 * column.room, old = column.room
    if rows > MOST_OFFSET:
        with gil:
            raise OverflowError("a column has more rows than 32 bits count")
    if room < rows:
        room = rows
    if room < FEW_ROWS:
        room = FEW_ROWS
    # SAFETY: `room` is set when all has room; what has been enlarged before a failure is just larger.
    resize(<void **>&column.valid, (room + 7) // 8 + 1, (old + 7) // 8 + 1 if old else 0)
    if column.kind == TEXT or column.kind == PAIRS:
        resize(<void **>&column.offsets, 4 * (room + 1), 4 * (old + 1) if old else 0)
    elif column.kind == ID:
        resize(<void **>&column.ids, 4 * room, 4 * old)
    else:
        resize(<void **>&column.numbers, 8 * room, 8 * old)
    if column.kind == PAIRS and column.inner == NULL:
        column.inner = <Column *>calloc(2, sizeof(Column))
        if column.inner == NULL:
            with gil:
                raise MemoryError
    column.room = room
    return 0


cdef int begin_row(Column *column, int64_t row) except -1 nogil:
    # Makes the rows from `length` to *row* null, and room for *row*, which is not before `length`.
    cdef int64_t i
    cdef int32_t end
    if row >= column.room:
        grow(column, row + 1)
    if column.length < row:
        if column.offsets != NULL:
            end = column.offsets[column.length]
            for i in range(column.length + 1, row + 1):
                column.offsets[i] = end
        elif column.ids != NULL:
            memset(column.ids + column.length, 0, <size_t>(4 * (row - column.length)))
        else:
            memset(column.numbers + column.length, 0, <size_t>(8 * (row - column.length)))
        column.length = row
    return 0


cdef inline void end_row(Column *column, int64_t row) noexcept nogil:
    # *row* has its value.
    column.valid[row >> 3] |= <uint8_t>(1 << (row & 7))
    column.values += 1
    column.length = row + 1


cdef int make_room_for_text(Column *column, int64_t more) except -1 nogil:
    # Room for *more* bytes, and for SLACK.
    cdef int64_t room = column.size + more + SLACK
    cdef void *moved
    if column.size + more > MOST_OFFSET:
        with gil:
            raise OverflowError("a column has more bytes than 32 bits count")
    if room > column.data_room:
        if room < 2 * column.data_room:
            room = 2 * column.data_room
        if room < 1024:
            room = 1024
        moved = realloc(column.data, <size_t>room)
        if moved == NULL:
            with gil:
                raise MemoryError
        column.data = <uint8_t *>moved
        column.data_room = room
    return 0


cdef uint8_t *put_utf8(uint8_t *to, Text p, Text end, Text readable, Py_ssize_t *replaced) noexcept nogil:
    # A text as it is, but for bytes that are not UTF-8. `to` has room for MOST_REPLACED * (end - p) bytes and SLACK.
    cdef Py_ssize_t run
    cdef int length, valid, i
    while True:
        run = lm_plain(p, end, readable)
        lm_copy(to, p, run, readable)
        to += run
        p += run
        if p >= end:
            return to
        if p[0] < 0x80:
            to[0] = p[0]
            to += 1
            p += 1
            continue
        length = sequence_length(p, end, &valid)
        if valid:
            for i in range(length):
                to[i] = p[i]
            to += length
        else:
            to[0] = 0xEF
            to[1] = 0xBF
            to[2] = 0xBD
            to += 3
            replaced[0] += 1
        p += length


cdef inline int add_text(
    Column *column, int64_t row, Text p, Text end, bint special, Text readable, Py_ssize_t *replaced
) except -1 nogil:
    # *readable* is how far memory may be read; *special*: whether there may be bytes that are not UTF-8.
    cdef Py_ssize_t size = end - p
    begin_row(column, row)
    make_room_for_text(column, MOST_REPLACED * size if special else size)
    # SAFETY: there is room for what the text becomes, and for SLACK.
    if special:
        column.size = put_utf8(column.data + column.size, p, end, readable, replaced) - column.data
    else:
        lm_copy(column.data + column.size, p, size, readable)
        column.size += size
    column.offsets[row + 1] = <int32_t>column.size
    end_row(column, row)
    return 0


cdef inline int add_number(Column *column, int64_t row, int64_t number) except -1 nogil:
    begin_row(column, row)
    column.numbers[row] = number
    end_row(column, row)
    return 0


cdef inline int add_double(Column *column, int64_t row, double number) except -1 nogil:
    begin_row(column, row)
    memcpy(&column.numbers[row], &number, 8)
    end_row(column, row)
    return 0


cdef inline int add_id(Column *column, int64_t row, int32_t number) except -1 nogil:
    begin_row(column, row)
    column.ids[row] = number
    end_row(column, row)
    return 0


cdef int add_pair(
    Column *column, int64_t row, Text key, Text key_end, Text value, Text value_end, bint special, Text key_readable,
    Text readable, Py_ssize_t *replaced
) except -1 nogil:
    # One more pair of *row*, the last that the column has or one that comes after that.
    cdef int64_t place
    if column.length <= row:
        begin_row(column, row)
        column.offsets[row + 1] = column.offsets[row]
        end_row(column, row)
    place = column.inner[0].length
    add_text(&column.inner[0], place, key, key_end, special, key_readable, replaced)
    add_text(&column.inner[1], place, value, value_end, special, readable, replaced)
    column.offsets[row + 1] = <int32_t>(place + 1)
    return 0


cdef void empty_column(Column *column) noexcept nogil:
    # The memory stays.
    if column.valid != NULL:
        memset(column.valid, 0, <size_t>((column.room + 7) // 8 + 1))
    column.length = column.values = column.size = 0
    if column.inner != NULL:
        empty_column(&column.inner[0])
        empty_column(&column.inner[1])


cdef void empty_store(Store *store) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(store.count):
        empty_column(&store.columns[i])
    store.rows = 0


cdef int64_t memory_of(const Column *column) noexcept nogil:
    # Bytes in use.
    cdef int64_t size = column.length // 8 + column.size
    if column.length == 0:
        return 0
    if column.kind == PAIRS and column.inner != NULL:
        size += memory_of(&column.inner[0]) + memory_of(&column.inner[1])
    return size + column.length * (4 if column.offsets != NULL or column.ids != NULL else 8)


# --- numbers

cdef enum:
    FITS = 0
    BEYOND = 1      # no number of the column's type
    UNKNOWN = 2     # it takes more than is done here


cdef int parse_integer(Text p, Text end, int64_t *number) noexcept nogil:
    # The number of JSON at p, rounded to a whole one where it has a fraction (half a unit away from 0).
    cdef uint64_t value = 0, digit
    cdef bint is_negative = p < end and p[0] == c'-'
    if p < end and (p[0] == c'-' or p[0] == c'+'):
        p += 1
    while p < end and c'0' <= p[0] <= c'9':
        digit = <uint64_t>(p[0] - c'0')
        if value > <uint64_t>922337203685477580:
            return BEYOND
        value = 10 * value + digit      # at most 9223372036854775809: no overflow
        p += 1
    if p + 1 < end and p[0] == c'.' and c'5' <= p[1] <= c'9':
        value += 1
    if is_negative:
        if value > <uint64_t>9223372036854775808:
            return BEYOND
        number[0] = <int64_t>(0 - value)
        return FITS
    if value > <uint64_t>9223372036854775807:
        return BEYOND
    number[0] = <int64_t>value
    return FITS


cdef double[23] POWERS = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21,
    1e22
]


cdef int parse_double(Text p, Text end, double *number) noexcept nogil:
    # The nearest double of the number at p (`float` or JSON), where that takes one exact operation (Clinger 1990): a whole
    # number up to 2^53 times or over a power of ten that is a double itself.
    cdef uint64_t mantissa = 0
    cdef int64_t power = 0, exponent = 0
    cdef int digits = 0
    cdef bint is_negative = False, is_smaller = False
    if p < end and (p[0] == c'-' or p[0] == c'+'):
        is_negative = p[0] == c'-'
        p += 1
    while p < end and c'0' <= p[0] <= c'9':
        if mantissa or p[0] != c'0':
            digits += 1
            if digits > 18:
                return UNKNOWN
            mantissa = 10 * mantissa + <uint64_t>(p[0] - c'0')
        p += 1
    if p < end and p[0] == c'.':
        p += 1
        while p < end and c'0' <= p[0] <= c'9':
            if mantissa or p[0] != c'0':
                digits += 1
                if digits > 18:
                    return UNKNOWN
                mantissa = 10 * mantissa + <uint64_t>(p[0] - c'0')
            power -= 1
            p += 1
    if p < end and (p[0] == c'e' or p[0] == c'E'):
        p += 1
        if p < end and (p[0] == c'-' or p[0] == c'+'):
            is_smaller = p[0] == c'-'
            p += 1
        while p < end and c'0' <= p[0] <= c'9':
            if exponent < 1000000:
                exponent = 10 * exponent + (p[0] - c'0')
            p += 1
        power += -exponent if is_smaller else exponent
    if mantissa == 0:
        number[0] = -0.0 if is_negative else 0.0
        return FITS
    if mantissa > <uint64_t>9007199254740992 or not -22 <= power <= 22:
        return UNKNOWN
    number[0] = <double>mantissa
    if power < 0:
        number[0] /= POWERS[-power]
    else:
        number[0] *= POWERS[power]
    if is_negative:
        number[0] = -number[0]
    return FITS


cdef int parse_double_slowly(bytes text, double *number) except -1:
    # As Python's `float` reads it. What is too large for a double is beyond it, and so is what it would make 0.
    number[0] = PyOS_string_to_double(text, NULL, NULL)
    if number[0] - number[0] != 0:
        return BEYOND
    if number[0] == 0:
        mantissa, _, _ = text.lower().partition(b"e")
        if mantissa.strip(b"+-.0"):
            return BEYOND
    return FITS
