# Text rows: the rows of columns as lines of text, as `text_rows.text_of` writes them.

cdef enum:
    MOST_DIGITS = 24
    MOST_MOMENT = 32    # bytes of a moment: 2024-05-31T13:05:59.123456789Z


cdef struct Bytes:
    # Bytes that grow.
    uint8_t *data
    int64_t size, room


cdef int make_room_for_bytes(Bytes *out, int64_t more) except -1 nogil:
    cdef int64_t room = out.size + more
    cdef void *moved
    if room > out.room:
        if room < 2 * out.room:
            room = 2 * out.room
        if room < 1 << 14:
            room = 1 << 14
        moved = realloc(out.data, <size_t>room)
        if moved == NULL:
            with gil:
                raise MemoryError
        out.data = <uint8_t *>moved
        out.room = room
    return 0


cdef inline void put_byte(Bytes *out, uint8_t byte) noexcept nogil:
    out.data[out.size] = byte
    out.size += 1


cdef void put_integer(Bytes *out, int64_t number) noexcept nogil:
    cdef uint8_t digits[MOST_DIGITS]
    cdef int at = MOST_DIGITS
    cdef uint64_t rest = 0 - <uint64_t>number if number < 0 else <uint64_t>number
    while True:
        at -= 1
        digits[at] = <uint8_t>(c'0' + rest % 10)
        rest //= 10
        if rest == 0:
            break
    if number < 0:
        put_byte(out, c'-')
    memcpy(out.data + out.size, digits + at, <size_t>(MOST_DIGITS - at))
    out.size += MOST_DIGITS - at


cdef uint8_t *put_two(uint8_t *to, int64_t number) noexcept nogil:
    to[0] = <uint8_t>(c'0' + number // 10)
    to[1] = <uint8_t>(c'0' + number % 10)
    return to + 2


cdef void put_moment(Bytes *out, int64_t nanoseconds) noexcept nogil:
    # RFC 3339 in UTC; of a fraction three, six or nine digits. The date is that of the proleptic Gregorian calendar
    # (https://howardhinnant.github.io/date_algorithms.html, civil_from_days).
    cdef int64_t seconds = nanoseconds // 1000000000, rest = nanoseconds % 1000000000
    cdef int64_t days, era, year, month, day_of_era, year_of_era, day_of_year
    cdef uint8_t *to = out.data + out.size
    cdef int places, i
    if rest < 0:
        rest += 1000000000
        seconds -= 1
    days = seconds // 86400
    seconds = seconds % 86400
    if seconds < 0:
        seconds += 86400
        days -= 1
    days += 719468      # never negative: 64 bits of nanoseconds begin in 1677
    era = days // 146097
    day_of_era = days - era * 146097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * day_of_year + 2) // 153
    year = year_of_era + era * 400 + (1 if month >= 10 else 0)
    to = put_two(put_two(to, year // 100), year % 100)
    to[0] = c'-'
    to = put_two(to + 1, month + 3 if month < 10 else month - 9)
    to[0] = c'-'
    to = put_two(to + 1, day_of_year - (153 * month + 2) // 5 + 1)
    to[0] = c'T'
    to = put_two(to + 1, seconds // 3600)
    to[0] = c':'
    to = put_two(to + 1, seconds // 60 % 60)
    to[0] = c':'
    to = put_two(to + 1, seconds % 60)
    if rest:
        places = 9
        while rest % 1000 == 0:
            rest //= 1000
            places -= 3
        to[0] = c'.'
        for i in range(places, 0, -1):
            to[i] = <uint8_t>(c'0' + rest % 10)
            rest //= 10
        to += places + 1
    to[0] = c'Z'
    out.size = to + 1 - out.data


cdef void put_in_quotes(Bytes *out, Text p, Text end, uint8_t separator) noexcept nogil:
    # RFC 4180: in quotes where it has to be, and where it is empty, since null is nothing at all.
    # SAFETY: there is room for twice the text and 2 bytes.
    cdef Text q = p
    cdef uint8_t *to
    while q < end and not (q[0] == separator or q[0] == c'"' or q[0] == c'\n' or q[0] == c'\r'):
        q += 1
    to = out.data + out.size
    if q == end and p < end:
        memcpy(to, p, <size_t>(end - p))
        out.size += end - p
        return
    to[0] = c'"'
    to += 1
    while p < end:
        if p[0] == c'"':
            to[0] = c'"'
            to += 1
        to[0] = p[0]
        to += 1
        p += 1
    to[0] = c'"'
    out.size = to + 1 - out.data


cdef void put_with_escapes(Bytes *out, Text p, Text end) noexcept nogil:
    # SAFETY: there is room for twice the text.
    cdef uint8_t *to = out.data + out.size
    cdef uint8_t byte
    while p < end:
        byte = p[0]
        p += 1
        if byte == c'\t' or byte == c'\n' or byte == c'\r' or byte == c'\\':
            to[0] = c'\\'
            to[1] = c't' if byte == c'\t' else c'n' if byte == c'\n' else c'r' if byte == c'\r' else c'\\'
            to += 2
        else:
            to[0] = byte
            to += 1
    out.size = to - out.data


cdef int put_rows(Bytes *out, const Store *store, const Column *ids, uint8_t separator, bint escaped) except -1 nogil:
    cdef const Column *column
    cdef const Column *texts
    cdef Text p
    cdef Text end
    cdef int64_t row, place, size
    cdef Py_ssize_t i
    for row in range(store.rows):
        for i in range(store.count):
            column = &store.columns[i]
            # SAFETY: for a null, a number or a moment, and for what separates.
            make_room_for_bytes(out, MOST_MOMENT + 4)
            if i:
                put_byte(out, separator)
            # SAFETY: a column has bits for the rows that it has been filled up to.
            if column.values == 0 or row >= column.length or not column.valid[row >> 3] >> (row & 7) & 1:
                if escaped:
                    put_byte(out, c'\\')
                    put_byte(out, c'N')
                continue
            if column.kind == INTEGER:
                put_integer(out, column.numbers[row])
                continue
            if column.kind == TIME:
                put_moment(out, column.numbers[row])
                continue
            texts = column
            place = row
            if column.kind == ID:
                texts = ids
                place = column.ids[row]
                if not 0 <= place < ids.length:
                    with gil:
                        raise ValueError("no such template")
            elif column.kind != TEXT:
                with gil:
                    raise ValueError("a column is not of text")
            p = texts.data + texts.offsets[place]
            end = texts.data + texts.offsets[place + 1]
            make_room_for_bytes(out, 2 * (end - p) + MOST_DIGITS + 4)
            if escaped:
                put_with_escapes(out, p, end)
            else:
                put_in_quotes(out, p, end, separator)
        make_room_for_bytes(out, 1)
        put_byte(out, c'\n')
    return 0
