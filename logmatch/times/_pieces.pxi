# Pieces of times: bytes -> numbers. Each takes a piece at p, and returns where that ends, or NULL.

cdef inline int pair_at(Text p) noexcept nogil:
    # Two digits; -1 if they are none. SAFETY: the caller has compared p + 2 with the end.
    cdef unsigned int tens = <unsigned int>p[0] - 48, ones = <unsigned int>p[1] - 48
    return -1 if tens > 9 or ones > 9 else <int>(10 * tens + ones)


cdef inline bint is_digit(uint8_t byte) noexcept nogil:
    return <uint8_t>(byte - 48) <= 9


cdef inline bint is_letter(uint8_t byte) noexcept nogil:
    return <uint8_t>((byte | 32) - c'a') < 26


cdef inline Text two(Text p, Text end, int *value) noexcept nogil:
    if end - p < 2:
        return NULL
    value[0] = pair_at(p)
    return p + 2 if value[0] >= 0 else NULL


cdef inline Text four(Text p, Text end, int *value) noexcept nogil:
    cdef int high, low
    if end - p < 4:
        return NULL
    high = pair_at(p)
    low = pair_at(p + 2)
    value[0] = 100 * high + low
    return p + 4 if high >= 0 and low >= 0 else NULL


cdef inline Text byte_at(Text p, Text end, uint8_t byte) noexcept nogil:
    return p + 1 if p < end and p[0] == byte else NULL


cdef inline Text clock_at(Text p, Text end, Told *told) noexcept nogil:
    # HH:MM:SS
    if end - p < 8 or p[2] != c':' or p[5] != c':':
        return NULL
    told.hour = pair_at(p)
    told.minute = pair_at(p + 3)
    told.second = pair_at(p + 6)
    told.clock = p
    told.clock_size = 8
    return p + 8 if told.hour >= 0 and told.minute >= 0 and told.second >= 0 else NULL


cdef inline Text digits_of_fraction(Text p, Text end, Py_ssize_t most, Told *told) noexcept nogil:
    # One digit at least, *most* at most; the first nine count.
    cdef int count = 0, value = 0
    cdef Text start = p
    while p < end and p - start < most and is_digit(p[0]):
        if count < 9:
            value = 10 * value + (p[0] - 48)
            count += 1
        p += 1
    if count == 0:
        return NULL
    told.digits = count
    told.fraction = start
    told.fraction_end = p
    while count < 9:
        value *= 10
        count += 1
    told.nanoseconds = value
    return p


cdef inline Text fraction_at(Text p, Text end, Told *told) noexcept nogil:
    # Nothing, or a point or a comma and digits.
    if p < end and (p[0] == c'.' or p[0] == c','):
        return digits_of_fraction(p + 1, end, end - p, told)
    return p


cdef inline Text short_clock_at(Text p, Text end, Told *told) noexcept nogil:
    # HH:MM, HH:MM:SS and a fraction.
    cdef Text found = clock_at(p, end, told)
    if found != NULL:
        return fraction_at(found, end, told)
    if end - p < 5 or p[2] != c':':
        return NULL
    told.hour = pair_at(p)
    told.minute = pair_at(p + 3)
    told.second = 0
    return p + 5 if told.hour >= 0 and told.minute >= 0 else NULL


cdef inline Text name_at(Text p, Text end) noexcept nogil:
    # A capital and two letters.
    if end - p < 3 or not c'A' <= p[0] <= c'Z' or not c'a' <= p[1] <= c'z' or not c'a' <= p[2] <= c'z':
        return NULL
    return p + 3


cdef inline int month_of(Text p) noexcept nogil:
    # The number of a name's month, 0 if there is none such. SAFETY: three bytes are there.
    cdef int key = (p[0] << 16) | (p[1] << 8) | p[2]
    if key == 0x4A616E: return 1        # Jan
    if key == 0x466562: return 2
    if key == 0x4D6172: return 3
    if key == 0x417072: return 4
    if key == 0x4D6179: return 5
    if key == 0x4A756E: return 6
    if key == 0x4A756C: return 7
    if key == 0x417567: return 8
    if key == 0x536570: return 9
    if key == 0x4F6374: return 10
    if key == 0x4E6F76: return 11
    if key == 0x446563: return 12
    return 0


cdef inline int weekday_of(Text p) noexcept nogil:
    # 0 for Monday, -1 if it is no name of a day. SAFETY: three bytes are there.
    cdef int key = (p[0] << 16) | (p[1] << 8) | p[2]
    if key == 0x4D6F6E: return 0        # Mon
    if key == 0x547565: return 1
    if key == 0x576564: return 2
    if key == 0x546875: return 3
    if key == 0x467269: return 4
    if key == 0x536174: return 5
    if key == 0x53756E: return 6
    return -1


cdef inline Text month_at(Text p, Text end, Told *told) noexcept nogil:
    cdef Text found = name_at(p, end)
    if found != NULL:
        told.month = month_of(p)
    return found


cdef inline Text padded_at(Text p, Text end, int *value) noexcept nogil:
    # Two digits, a blank and one, or one.
    cdef Text found = two(p, end, value)
    if found != NULL:
        return found
    if p < end and p[0] == c' ':
        p += 1
    if p < end and is_digit(p[0]):
        value[0] = p[0] - 48
        return p + 1
    return NULL


cdef Text offset_at(Text p, Text end, bint needs_minutes, bint takes_seconds, Told *told) noexcept nogil:
    # A sign, HH, and MM after a colon or not; with `takes_seconds`, SS too.
    cdef int hours, minutes = 0, seconds = 0
    cdef bint is_west
    cdef Text q
    if p >= end or (p[0] != c'+' and p[0] != c'-'):
        return NULL
    is_west = p[0] == c'-'
    p = two(p + 1, end, &hours)
    if p == NULL:
        return NULL
    q = p + 1 if p < end and p[0] == c':' else p
    q = two(q, end, &minutes)
    if q == NULL:
        if needs_minutes:
            return NULL
        minutes = 0
    else:
        p = q
        if takes_seconds:
            q = p + 1 if p < end and p[0] == c':' else p
            q = two(q, end, &seconds)
            if q == NULL:
                seconds = 0
            else:
                p = q
    told.has_offset = 1
    told.is_bad_offset = hours > 23 or minutes > 59 or seconds > 59
    told.offset = 3600 * hours + 60 * minutes + seconds
    if is_west:
        told.offset = -told.offset
    return p


cdef Text word_at(Text p, Text end, Told *told) noexcept nogil:
    # Two to six capitals.
    cdef int count = 0
    cdef uint64_t word = 0
    while p < end and count < 6 and c'A' <= p[0] <= c'Z':
        word |= <uint64_t>p[0] << (8 * count)
        count += 1
        p += 1
    if count < 2:
        return NULL
    told.word = word
    return p


cdef inline Text spaced_zone_at(Text p, Text end, Told *told) noexcept nogil:
    # Nothing, or a space and an offset or a word.
    cdef Text found
    if p >= end or p[0] != c' ':
        return p
    found = offset_at(p + 1, end, True, False, told)
    if found == NULL:
        found = word_at(p + 1, end, told)
    return found


cdef inline Text zone_at(Text p, Text end, Told *told) noexcept nogil:
    if p >= end:
        return p
    if p[0] == c'Z' or p[0] == c'z':
        told.has_offset = 1
        told.is_bad_offset = 0
        told.offset = 0
        return p + 1
    if p[0] == c' ':
        return spaced_zone_at(p, end, told)
    return offset_at(p, end, False, False, told)
