# Scanners of dates and times, in the form of `_scanners.pxi`; and `token_end`, which chooses a scanner by type.

cdef inline bint is_date(Text p, uint8_t separator) noexcept nogil:
    # The caller has checked that ten bytes are there.
    return (
        is_digit(p[0]) and is_digit(p[1]) and is_digit(p[2]) and is_digit(p[3])
        and p[4] == separator and two_digits(p + 5, 1, 12)
        and p[7] == separator and two_digits(p + 8, 1, 31)
    )


cdef inline Text fraction_end(Text p, Text end) noexcept nogil:
    if end - p >= 2 and (p[0] == c'.' or p[0] == c',') and is_digit(p[1]):
        p = run_of(p + 2, end, DIGIT)
    return p


cdef inline Text time_end(Text p, Text end) noexcept nogil:
    if end - p < 5 or not two_digits(p, 0, 23) or p[2] != c':' or not two_digits(p + 3, 0, 59):
        return NULL
    p += 5
    if end - p >= 3 and p[0] == c':' and two_digits(p + 1, 0, 60):
        return fraction_end(p + 3, end)
    return p


cdef inline Text zone_end(Text p, Text end) noexcept nogil:
    if p >= end:
        return p
    if (p[0] | 0x20) == c'z':
        return p + 1
    if (p[0] == c'+' or p[0] == c'-') and end - p >= 3 and two_digits(p + 1, 0, 23):
        p += 3
        if end - p >= 3 and p[0] == c':' and two_digits(p + 1, 0, 59):
            return p + 3
        if end - p >= 2 and two_digits(p, 0, 59):
            return p + 2
    return p


cdef bint is_zone_word(Text p, int n) noexcept nogil:
    # `time_grammar._ZONE_WORDS`
    cdef uint32_t name
    if n == 3:
        name = (p[0] << 16) | (p[1] << 8) | p[2]
        return (
            name == 0x555443 or name == 0x474D54 or name == 0x574554 or name == 0x425354 or name == 0x495354    # UTC GMT WET BST IST
            or name == 0x434554 or name == 0x454554 or name == 0x4D534B or name == 0x455354 or name == 0x454454 # CET EET MSK EST EDT
            or name == 0x435354 or name == 0x434454 or name == 0x4D5354 or name == 0x4D4454 or name == 0x505354 # CST CDT MST MDT PST
            or name == 0x504454 or name == 0x485354 or name == 0x4A5354 or name == 0x4B5354 or name == 0x534754 # PDT HST JST KST SGT
            or name == 0x484B54                                                                                 # HKT
        )
    if n != 4:
        return False
    return (
        memcmp(<const void *>p, b"WEST", 4) == 0 or memcmp(<const void *>p, b"CEST", 4) == 0
        or memcmp(<const void *>p, b"EEST", 4) == 0 or memcmp(<const void *>p, b"AKST", 4) == 0
        or memcmp(<const void *>p, b"AKDT", 4) == 0 or memcmp(<const void *>p, b"AEST", 4) == 0
        or memcmp(<const void *>p, b"AEDT", 4) == 0 or memcmp(<const void *>p, b"ACST", 4) == 0
        or memcmp(<const void *>p, b"ACDT", 4) == 0 or memcmp(<const void *>p, b"AWST", 4) == 0
        or memcmp(<const void *>p, b"NZST", 4) == 0 or memcmp(<const void *>p, b"NZDT", 4) == 0
    )


cdef inline Text zone_word_end(Text p, Text end) noexcept nogil:
    # The word of a zone at p, which has no letter or digit after it, or NULL.
    cdef int n = 0
    while n < 5 and p + n < end and CLASS[p[n]] & (DIGIT | LETTER):
        n += 1
    return p + n if is_zone_word(p, n) else NULL


cdef inline Text spaced_zone_end(Text p, Text end) noexcept nogil:
    # A space and a zone at p: where they end; p if there is none.
    cdef Text q
    if end - p < 4 or p[0] != c' ':
        return p
    if p[1] == c'+' or p[1] == c'-':
        if two_digits(p + 2, 0, 23):
            q = p + 5 if p[4] == c':' else p + 4
            if end - q >= 2 and two_digits(q, 0, 59) and not (end - q > 2 and is_digit(q[2])):
                return q + 2
        return p
    q = zone_word_end(p + 1, end) if CLASS[p[1]] & LETTER else NULL
    return q if q != NULL else p


cdef inline Text any_zone_end(Text p, Text end) noexcept nogil:
    cdef Text q = zone_end(p, end)
    return q if q != p else spaced_zone_end(p, end)


cdef Text iso8601_end(Text p, Text end) noexcept nogil:
    cdef Text clock
    if end - p >= 16 and is_date(p, c'-') and (p[10] == c'T' or p[10] == c't' or p[10] == c' '):
        clock = time_end(p + 11, end)
        return any_zone_end(clock, end) if clock != NULL else NULL
    if (
        end - p >= 15 and is_digit(p[0]) and is_digit(p[1]) and is_digit(p[2]) and is_digit(p[3])
        and two_digits(p + 4, 1, 12) and two_digits(p + 6, 1, 31) and p[8] == c'T'
        and two_digits(p + 9, 0, 23) and two_digits(p + 11, 0, 59) and two_digits(p + 13, 0, 60)
    ):
        return any_zone_end(fraction_end(p + 15, end), end)
    return NULL


cdef inline bint is_month(Text p) noexcept nogil:
    cdef int name = (p[0] << 16) | (p[1] << 8) | p[2]
    return (
        name == 0x4A616E or name == 0x466562 or name == 0x4D6172 or name == 0x417072      # Jan Feb Mar Apr
        or name == 0x4D6179 or name == 0x4A756E or name == 0x4A756C or name == 0x417567   # May Jun Jul Aug
        or name == 0x536570 or name == 0x4F6374 or name == 0x4E6F76 or name == 0x446563   # Sep Oct Nov Dec
    )


cdef inline Text clock_end(Text p, Text end) noexcept nogil:
    # 13:05:59, with or without a fraction.
    if (
        end - p < 8 or not two_digits(p, 0, 23) or p[2] != c':' or not two_digits(p + 3, 0, 59) or p[5] != c':'
        or not two_digits(p + 6, 0, 60)
    ):
        return NULL
    return fraction_end(p + 8, end)


cdef inline bint is_year(Text p) noexcept nogil:
    return is_digit(p[0]) and is_digit(p[1]) and is_digit(p[2]) and is_digit(p[3])


cdef inline Text syslogtime_end(Text p, Text end) noexcept nogil:
    # The day: (?>[12][0-9]|3[01]|[ 0]?[1-9])
    cdef Text zone
    if end - p < 14 or not is_month(p) or p[3] != c' ':
        return NULL
    p += 4
    if two_digits(p, 10, 31) or ((p[0] == c' ' or p[0] == c'0') and c'1' <= p[1] <= c'9'):
        p += 2
    elif c'1' <= p[0] <= c'9':
        p += 1
    else:
        return NULL
    if p[0] != c' ':
        return NULL
    p += 1
    if end - p >= 5 and p[4] == c' ' and is_year(p):
        p += 5
    p = clock_end(p, end)
    if p != NULL and end - p >= 4 and p[0] == c' ' and CLASS[p[1]] & LETTER:
        zone = zone_word_end(p + 1, end)
        if zone != NULL:
            return zone
    return p


cdef inline Text clftime_end(Text p, Text end) noexcept nogil:
    # 31/May/2024:13:05:59 +0200
    if (
        end - p < 20 or not two_digits(p, 1, 31) or p[2] != c'/' or not is_month(p + 3) or p[6] != c'/'
        or not is_year(p + 7) or p[11] != c':'
    ):
        return NULL
    p = clock_end(p + 12, end)
    if p != NULL and end - p >= 6 and p[0] == c' ' and (p[1] == c'+' or p[1] == c'-') and is_year(p + 2):
        return p + 6
    return p


cdef inline Text zoned_end(Text p, Text end) noexcept nogil:
    # The zone of an IPv6 address that ends at p: RFC 4007, section 11.
    cdef int n = 0
    if end - p >= 2 and p[0] == c'%':
        while n < 64 and p + 1 + n < end and (CLASS[p[1 + n]] & HOSTBYTE or p[1 + n] == c'.'):
            n += 1
        if n:
            return p + 1 + n
    return p


cdef Text token_end(int type_, Text p, Text end, Text readable) noexcept nogil:
    cdef Text after
    if type_ == REST:
        return end
    elif type_ == WS:
        return run_of(p, end, SPACE)
    elif type_ == INT:
        return int_end(p, end, readable)
    elif type_ == FLOAT:
        return float_end(p, end)
    elif type_ == PERCENT:
        after = float_end(p, end)
        return after + 1 if after != NULL and after < end and after[0] == c'%' else NULL
    elif type_ == HEX:
        return hex_end(p, end)
    elif type_ == IPV4:
        return ipv4_end(p, end)
    elif type_ == IPV6:
        after = ipv6_end(p, end)
        return zoned_end(after, end) if after != NULL else NULL
    elif type_ == IP:
        after = ipv6_end(p, end)
        return zoned_end(after, end) if after != NULL else ipv4_end(p, end)
    elif type_ == MAC:
        return mac_end(p, end)
    elif type_ == UUID:
        return uuid_end(p, end)
    elif type_ == HOST:
        return host_end(p, end)
    elif type_ == QUOTED:
        return quoted_end(p, end)
    elif type_ == DATE:
        if end - p >= 10 and (is_date(p, c'-') or is_date(p, c'/')):
            return p + 10
        return NULL
    elif type_ == TIME:
        return time_end(p, end)
    elif type_ == ISO8601:
        return iso8601_end(p, end)
    elif type_ == SYSLOGTIME:
        return syslogtime_end(p, end)
    elif type_ == CLFTIME:
        return clftime_end(p, end)
    elif type_ == SCHEME:
        if p < end and CLASS[p[0]] & LETTER:
            return run_of(p + 1, end, SCHEMEBYTE)
        return NULL
    return NULL

