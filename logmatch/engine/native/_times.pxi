# Scanners of dates and times, in the form of `_scanners.pxi`: the grammars of `templates.time_grammar` by hand, from parts of
# one form that are looked at eight bytes at a time (`_times.h`); and `token_end`, which chooses a scanner by type.

# SAFETY, for all of this file: a part reads so many bytes as its comment in `_times.h` says, after a check that the line
# has as many.

cdef inline Text fraction_end(Text p, Text end, Text readable) noexcept nogil:
    cdef Text digits = p + 1
    if end - p >= 2 and (p[0] == c'.' or p[0] == c',') and is_digit(p[1]):
        p = lm_digits(p + 2, end, readable)
        LM_STEP(p - digits)
    return p


cdef inline Text clock_end(Text p, Text end, Text readable) noexcept nogil:
    # 13:05:59, with or without a fraction.
    return fraction_end(p + 8, end, readable) if end - p >= 8 and lm_is_clock(p) else NULL


cdef inline bint is_minutes(Text p, Text end) noexcept nogil:
    # 13:05
    return end - p >= 5 and two_digits(p, 0, 23) and p[2] == c':' and two_digits(p + 3, 0, 59)


cdef inline Text time_end(Text p, Text end, Text readable) noexcept nogil:
    cdef Text clock = clock_end(p, end, readable)
    if clock != NULL:
        return clock
    return p + 5 if is_minutes(p, end) else NULL


cdef inline bint is_year(Text p) noexcept nogil:
    return is_digit(p[0]) and is_digit(p[1]) and is_digit(p[2]) and is_digit(p[3])


cdef inline Text padded_day_end(Text p) noexcept nogil:
    # A day with a zero, with a blank, or alone, of which two bytes can be read.
    if two_digits(p, 1, 31) or (p[0] == c' ' and c'1' <= p[1] <= c'9'):
        return p + 2
    return p + 1 if c'1' <= p[0] <= c'9' else NULL


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


cdef Text zone_word_end(Text p, Text end) noexcept nogil:
    # The word of a well-known zone at p, which has no letter or digit after it, or NULL.
    cdef int n = 0
    while n < 5 and p + n < end and CLASS[p[n]] & (DIGIT | LETTER):
        n += 1
    return p + n if lm_is_zone(p, n) else NULL


cdef Text any_zone_word_end(Text p, Text end) noexcept nogil:
    # Two to six capitals at p that have no letter or digit after them, or NULL.
    cdef int n = 0
    while n < 6 and p + n < end and is_capital(p[n]):
        n += 1
    return p + n if n >= 2 and not (p + n < end and CLASS[p[n]] & (DIGIT | LETTER)) else NULL


cdef inline bint is_capital(uint8_t byte) noexcept nogil:
    return <uint8_t>(byte - c'A') < 26


cdef inline Text offset_end(Text p, Text end) noexcept nogil:
    # +0200 or +02:00 at p, which has no digit after it, or NULL.
    cdef Text q
    if end - p < 5 or (p[0] != c'+' and p[0] != c'-') or not two_digits(p + 1, 0, 23):
        return NULL
    q = p + 4 if p[3] == c':' else p + 3
    if end - q < 2 or not two_digits(q, 0, 59) or (end - q > 2 and is_digit(q[2])):
        return NULL
    return q + 2


cdef inline Text spaced_zone_end(Text p, Text end) noexcept nogil:
    # A space and a zone at p: where they end; p if there is none.
    cdef Text q = NULL
    if end - p < 4 or p[0] != c' ':
        return p
    if p[1] == c'+' or p[1] == c'-':
        q = offset_end(p + 1, end)
    elif is_capital(p[1]):
        q = zone_word_end(p + 1, end)
    return q if q != NULL else p


cdef inline Text any_zone_end(Text p, Text end) noexcept nogil:
    cdef Text q = zone_end(p, end)
    return q if q != p else spaced_zone_end(p, end)


cdef Text iso8601_end(Text p, Text end, Text readable) noexcept nogil:
    if end - p >= 16 and lm_is_date(p, c'-') and lm_is_joined_clock(p + 8):
        p += 16
        if end - p >= 3 and p[0] == c':' and two_digits(p + 1, 0, 60):
            p = fraction_end(p + 3, end, readable)
        return any_zone_end(p, end)
    if (
        end - p >= 15 and p[8] == c'T' and is_year(p) and two_digits(p + 4, 1, 12) and two_digits(p + 6, 1, 31)
        and two_digits(p + 9, 0, 23) and two_digits(p + 11, 0, 59) and two_digits(p + 13, 0, 60)
    ):
        return any_zone_end(fraction_end(p + 15, end, readable), end)
    return NULL


cdef Text slashtime_end(Text p, Text end, Text readable) noexcept nogil:
    # 2024/05/31 13:05:59
    if end - p < 19 or not lm_is_date(p, c'/') or p[10] != c' ' or not lm_is_clock(p + 11):
        return NULL
    return any_zone_end(fraction_end(p + 19, end, readable), end)


cdef Text syslogtime_end(Text p, Text end, Text readable) noexcept nogil:
    # May  3 2024 13:05:59.123 UTC
    cdef Text zone
    if end - p < 14 or not lm_is_month(p) or p[3] != c' ':
        return NULL
    p = padded_day_end(p + 4)
    if p == NULL or p[0] != c' ':
        return NULL
    p += 1
    if end - p >= 5 and p[4] == c' ' and is_year(p):
        p += 5
    p = clock_end(p, end, readable)
    if p != NULL and end - p >= 4 and p[0] == c' ' and is_capital(p[1]):
        zone = zone_word_end(p + 1, end)
        if zone != NULL:
            return zone
    return p


cdef Text clftime_end(Text p, Text end, Text readable) noexcept nogil:
    # 31/May/2024:13:05:59 +0200
    if (
        end - p < 20 or not two_digits(p, 1, 31) or p[2] != c'/' or not lm_is_month(p + 3) or p[6] != c'/'
        or not is_year(p + 7) or p[11] != c':' or not lm_is_clock(p + 12)
    ):
        return NULL
    p = fraction_end(p + 20, end, readable)
    if end - p >= 6 and p[0] == c' ' and (p[1] == c'+' or p[1] == c'-') and is_year(p + 2):
        return p + 6
    return p


cdef Text ctime_end(Text p, Text end, Text readable) noexcept nogil:
    # Fri May 31 13:05:59.123 CEST 2024 UTC
    cdef Text zone
    if end - p < 23 or not lm_is_day(p) or p[3] != c' ' or not lm_is_month(p + 4) or p[7] != c' ':
        return NULL
    p = padded_day_end(p + 8)
    if p == NULL or p[0] != c' ':
        return NULL
    p = clock_end(p + 1, end, readable)
    if p == NULL or p >= end or p[0] != c' ':
        return NULL
    if end - p >= 6 and not is_digit(p[1]):
        zone = offset_end(p + 1, end)
        if zone == NULL:
            zone = any_zone_word_end(p + 1, end)
        if zone != NULL:
            p = zone
    if end - p < 5 or p[0] != c' ' or not is_year(p + 1):
        return NULL
    return spaced_zone_end(p + 5, end)


cdef Text rfc2822_end(Text p, Text end) noexcept nogil:
    # Fri, 31 May 2024 13:05:59 +0200
    if end - p >= 5 and lm_is_day(p) and p[3] == c',' and p[4] == c' ':
        p += 5
    if end - p < 16:
        return NULL
    if two_digits(p, 1, 31):
        p += 2
    elif c'1' <= p[0] <= c'9':
        p += 1
    else:
        return NULL
    if (
        p[0] != c' ' or not lm_is_month(p + 1) or p[4] != c' ' or end - p < 15 or not is_year(p + 5) or p[9] != c' '
    ):
        return NULL
    p += 10
    if end - p >= 8 and lm_is_clock(p):
        p += 8
    elif is_minutes(p, end):
        p += 5
    else:
        return NULL
    return spaced_zone_end(p, end)


cdef Text klogtime_end(Text p, Text end, Text readable) noexcept nogil:
    # 0531 13:05:59.123456
    if (
        end - p < 15 or not two_digits(p, 1, 12) or not two_digits(p + 2, 1, 31) or p[4] != c' ' or not lm_is_clock(p + 5)
        or p[13] != c'.' or not is_digit(p[14])
    ):
        return NULL
    return fraction_end(p + 13, end, readable)


cdef Text epoch_end(Text p, Text end, Text readable) noexcept nogil:
    # 1717160759.123; more digits than 20 are never read.
    cdef Text q = lm_digits(p, p + 20 if end - p > 20 else end, readable)
    cdef Text digits
    if q - p == 13 or q - p == 16 or q - p == 19:
        return q
    if q - p != 10:
        return NULL
    if end - q >= 2 and q[0] == c'.' and is_digit(q[1]):
        digits = q
        q = lm_digits(q + 2, end, readable)
        LM_STEP(q - digits)
    return q


cdef Text timestamp_end(Text p, Text end, Text readable) noexcept nogil:
    # Of all times but epoch that which begins so: no two of them have the same number of digits before the same byte, but for
    # a date alone.
    cdef Text q
    if end - p < 5:
        return NULL
    if CLASS[p[0]] & LETTER:
        if p[3] == c',':
            return rfc2822_end(p, end)
        return ctime_end(p, end, readable) if lm_is_day(p) else syslogtime_end(p, end, readable)
    if p[2] == c':':
        return time_end(p, end, readable)
    if p[2] == c'/':
        return clftime_end(p, end, readable)
    if p[2] == c' ' or p[1] == c' ':
        return rfc2822_end(p, end)
    if p[4] == c' ':
        return klogtime_end(p, end, readable)
    if p[4] == c'/':
        q = slashtime_end(p, end, readable)
        if q == NULL and end - p >= 10 and lm_is_date(p, c'/'):
            q = p + 10
        return q
    q = iso8601_end(p, end, readable)
    if q == NULL and end - p >= 10 and lm_is_date(p, c'-'):
        q = p + 10
    return q


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
        return p + 10 if end - p >= 10 and (lm_is_date(p, c'-') or lm_is_date(p, c'/')) else NULL
    elif type_ == TIME:
        return time_end(p, end, readable)
    elif type_ == ISO8601:
        return iso8601_end(p, end, readable)
    elif type_ == SYSLOGTIME:
        return syslogtime_end(p, end, readable)
    elif type_ == CLFTIME:
        return clftime_end(p, end, readable)
    elif type_ == SLASHTIME:
        return slashtime_end(p, end, readable)
    elif type_ == CTIME:
        return ctime_end(p, end, readable)
    elif type_ == RFC2822:
        return rfc2822_end(p, end)
    elif type_ == KLOGTIME:
        return klogtime_end(p, end, readable)
    elif type_ == EPOCH:
        return epoch_end(p, end, readable)
    elif type_ == TIMESTAMP:
        return timestamp_end(p, end, readable)
    elif type_ == SCHEME:
        if p < end and CLASS[p[0]] & LETTER:
            return run_of(p + 1, end, SCHEMEBYTE)
        return NULL
    return NULL
