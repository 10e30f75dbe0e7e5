# Forms of times, one for each type. Each says whether the whole of the text from p to end is of it.

cdef inline Text date_at(Text p, Text end, uint8_t mark, Told *told) noexcept nogil:
    if end - p < 10 or p[4] != mark or p[7] != mark:
        return NULL
    if four(p, end, &told.year) == NULL:
        return NULL
    told.month = pair_at(p + 5)
    told.day = pair_at(p + 8)
    return p + 10 if told.month >= 0 and told.day >= 0 else NULL


cdef bint is_iso8601(Text p, Text end, Told *told) noexcept nogil:
    cdef Text q = date_at(p, end, c'-', told)
    if q != NULL:
        if q >= end or (q[0] != c'T' and q[0] != c' ' and q[0] != c't'):
            return False
        q = short_clock_at(q + 1, end, told)
    else:
        # 20240531T130559
        if end - p < 15 or p[8] != c'T' or four(p, end, &told.year) == NULL:
            return False
        told.month = pair_at(p + 4)
        told.day = pair_at(p + 6)
        told.hour = pair_at(p + 9)
        told.minute = pair_at(p + 11)
        told.second = pair_at(p + 13)
        told.clock = p + 9
        told.clock_size = 6
        if told.month < 0 or told.day < 0 or told.hour < 0 or told.minute < 0 or told.second < 0:
            return False
        q = fraction_at(p + 15, end, told)
    if q != NULL:
        q = zone_at(q, end, told)
    return q == end


cdef bint is_slashtime(Text p, Text end, Told *told) noexcept nogil:
    p = date_at(p, end, c'/', told)
    if p != NULL:
        p = byte_at(p, end, c' ')
    if p != NULL:
        p = clock_at(p, end, told)
    if p != NULL:
        p = fraction_at(p, end, told)
    if p != NULL:
        p = zone_at(p, end, told)
    return p == end


cdef bint is_clftime(Text p, Text end, Told *told) noexcept nogil:
    # 31/May/2024:13:05:59 +0200
    if end - p < 20 or p[2] != c'/' or p[6] != c'/' or p[11] != c':':
        return False
    told.day = pair_at(p)
    if told.day < 0 or month_at(p + 3, end, told) == NULL or four(p + 7, end, &told.year) == NULL:
        return False
    p = clock_at(p + 12, end, told)
    if p != NULL:
        p = fraction_at(p, end, told)
    if p != NULL and p < end:
        if p[0] != c' ' or end - p != 6:
            return False
        p = offset_at(p + 1, end, True, False, told)
    return p == end


cdef bint is_rfc2822(Text p, Text end, Told *told) noexcept nogil:
    # Fri, 31 May 2024 13:05:59 +0200
    if name_at(p, end) != NULL:
        if end - p < 5 or p[3] != c',' or p[4] != c' ':
            return False
        p += 5
    if p >= end or not is_digit(p[0]):      # no blank in front of it
        return False
    p = padded_at(p, end, &told.day)
    if p != NULL:
        p = byte_at(p, end, c' ')
    if p != NULL:
        p = month_at(p, end, told)
    if p != NULL:
        p = byte_at(p, end, c' ')
    if p != NULL:
        p = four(p, end, &told.year)
    if p != NULL:
        p = byte_at(p, end, c' ')
    if p == NULL:
        return False
    if clock_at(p, end, told) != NULL:
        p += 8
    else:
        if end - p < 5 or p[2] != c':':
            return False
        told.hour = pair_at(p)
        told.minute = pair_at(p + 3)
        told.second = 0
        if told.hour < 0 or told.minute < 0:
            return False
        p += 5
    return spaced_zone_at(p, end, told) == end


cdef bint is_klogtime(Text p, Text end, Told *told) noexcept nogil:
    # 0531 13:05:59.123456
    if end - p < 15 or p[4] != c' ' or p[13] != c'.':
        return False
    told.month = pair_at(p)
    told.day = pair_at(p + 2)
    if told.month < 0 or told.day < 0 or clock_at(p + 5, end, told) == NULL:
        return False
    return digits_of_fraction(p + 14, end, end - p, told) == end


cdef bint is_syslogtime(Text p, Text end, Told *told) noexcept nogil:
    # May  3 2024 13:05:59.123 UTC
    cdef Text q
    p = month_at(p, end, told)
    if p != NULL:
        p = byte_at(p, end, c' ')
    if p != NULL:
        p = padded_at(p, end, &told.day)
    if p != NULL:
        p = byte_at(p, end, c' ')
    if p == NULL:
        return False
    if end - p > 5 and p[4] == c' ':
        q = four(p, end, &told.year)
        if q == NULL:
            return False
        p = q + 1
    p = clock_at(p, end, told)
    if p != NULL:
        p = fraction_at(p, end, told)
    if p != NULL and p < end:
        p = byte_at(p, end, c' ')
        if p != NULL:
            p = word_at(p, end, told)
    return p == end


cdef bint is_ctime(Text p, Text end, Told *told) noexcept nogil:
    # Fri May 31 13:05:59.123 CEST 2024 +0200
    p = name_at(p, end)
    if p != NULL:
        p = byte_at(p, end, c' ')
    if p != NULL:
        p = month_at(p, end, told)
    if p != NULL:
        p = byte_at(p, end, c' ')
    if p != NULL:
        p = padded_at(p, end, &told.day)
    if p != NULL:
        p = byte_at(p, end, c' ')
    if p != NULL:
        p = clock_at(p, end, told)
    if p != NULL:
        p = fraction_at(p, end, told)
    if p == NULL or end - p < 5 or p[0] != c' ':
        return False
    if not is_digit(p[1]):
        p = spaced_zone_at(p, end, told)
        if p != NULL:
            p = byte_at(p, end, c' ')
        if p == NULL:
            return False
    else:
        p += 1
    p = four(p, end, &told.year)
    if p != NULL:
        p = spaced_zone_at(p, end, told)
    return p == end


cdef bint is_date(Text p, Text end, Told *told) noexcept nogil:
    cdef Text q = date_at(p, end, c'-', told)
    if q == NULL:
        q = date_at(p, end, c'/', told)
    return q == end


cdef bint is_epoch(Text p, Text end, Told *told) noexcept nogil:
    cdef Py_ssize_t i, size = end - p
    cdef uint64_t number = 0
    if size < 10:
        return False
    for i in range(10):
        if not is_digit(p[i]):
            return False
        number = 10 * number + (p[i] - 48)
    told.epoch = number
    told.has_epoch = 1
    if size == 10:
        return True
    if p[10] == c'.':
        return digits_of_fraction(p + 11, end, size, told) == end
    if size != 13 and size != 16 and size != 19:
        return False
    return digits_of_fraction(p + 10, end, 9, told) == end
