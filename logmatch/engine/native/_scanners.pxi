# Scanners: `tokens.TOKEN_EXPRESSIONS`, by hand. Each takes the place where the token begins and the end of the line, reads
# nothing from there on, and gives the end of the token or NULL.

cdef enum:
    DIGIT = 1
    HEXDIGIT = 2
    HOSTBYTE = 4       # what a label of a host is made of
    SCHEMEBYTE = 8
    LETTER = 16
    SPACE = 32

cdef uint8_t CLASS[256]


cdef void fill_classes() noexcept:
    cdef int byte
    for byte in range(256):
        CLASS[byte] = 0
        if c'0' <= byte <= c'9':
            CLASS[byte] |= DIGIT | HEXDIGIT | HOSTBYTE | SCHEMEBYTE
        if c'a' <= byte <= c'z' or c'A' <= byte <= c'Z':
            CLASS[byte] |= LETTER | HOSTBYTE | SCHEMEBYTE
        if c'a' <= byte <= c'f' or c'A' <= byte <= c'F':
            CLASS[byte] |= HEXDIGIT
        if byte == c'-' or byte == c'_':
            CLASS[byte] |= HOSTBYTE
        if byte == c'+' or byte == c'.' or byte == c'-':
            CLASS[byte] |= SCHEMEBYTE
        if byte == c' ' or byte == c'\t':
            CLASS[byte] |= SPACE


fill_classes()

ctypedef const uint8_t *Text


cdef inline Text run_of(Text p, Text end, int wanted) noexcept nogil:
    cdef Text begin = p
    while p < end and CLASS[p[0]] & wanted:
        p += 1
    LM_STEP(p - begin)
    return p


cdef inline bint is_digit(uint8_t byte) noexcept nogil:
    return <uint8_t>(byte - c'0') < 10


cdef inline bint two_digits(Text p, int least, int most) noexcept nogil:
    # The caller has checked that two bytes are there.
    if not (is_digit(p[0]) and is_digit(p[1])):
        return False
    return least <= (p[0] - c'0') * 10 + (p[1] - c'0') <= most


cdef inline Text int_end(Text p, Text end, Text readable) noexcept nogil:
    if p < end and (p[0] == c'+' or p[0] == c'-'):
        p += 1
    cdef Text digits = p
    p = lm_digits(p, end, readable)
    LM_STEP(p - digits)
    return p if p > digits else NULL


cdef inline Text float_end(Text p, Text end) noexcept nogil:
    if p < end and (p[0] == c'+' or p[0] == c'-'):
        p += 1
    cdef Text digits = p
    cdef Text mark
    p = run_of(p, end, DIGIT)
    if end - p >= 2 and p[0] == c'.' and is_digit(p[1]):
        p = run_of(p + 2, end, DIGIT)
    elif p == digits:
        return NULL
    if p < end and (p[0] | 0x20) == c'e':
        mark = p + 1
        if mark < end and (mark[0] == c'+' or mark[0] == c'-'):
            mark += 1
        if mark < end and is_digit(mark[0]):
            p = run_of(mark + 1, end, DIGIT)
    return p


cdef inline bint begins_0x(Text p, Text end) noexcept nogil:
    return end - p >= 3 and p[0] == c'0' and (p[1] | 0x20) == c'x' and CLASS[p[2]] & HEXDIGIT


cdef inline Text hex_end(Text p, Text end) noexcept nogil:
    if begins_0x(p, end):
        p += 2
    cdef Text digits = p
    p = run_of(p, end, HEXDIGIT)
    return p if p > digits else NULL


cdef inline Text octet_end(Text p, Text end) noexcept nogil:
    # (?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2})
    cdef int most = 2
    cdef int count = 0
    if p >= end or not is_digit(p[0]):
        return NULL
    if p[0] < c'2':
        most = 3
    elif p[0] == c'2' and end - p >= 3:
        if p[1] < c'5' or (p[1] == c'5' and p[2] < c'6'):
            most = 3
    while count < most and p + count < end and is_digit(p[count]):
        count += 1
    return p + count


cdef inline Text ipv4_end(Text p, Text end) noexcept nogil:
    cdef int i
    p = octet_end(p, end)
    for i in range(3):
        if p == NULL or p >= end or p[0] != c'.':
            return NULL
        p = octet_end(p + 1, end)
    return p


cdef inline Text group_end(Text p, Text end) noexcept nogil:
    # One to four hexadecimal digits.
    cdef int count = 0
    while count < 4 and p + count < end and CLASS[p[count]] & HEXDIGIT:
        count += 1
    return p + count if count else NULL


cdef inline Text group_and_colon_end(Text p, Text end) noexcept nogil:
    p = group_end(p, end)
    return p + 1 if p != NULL and p < end and p[0] == c':' else NULL


cdef Text ipv6_end(Text p, Text end) noexcept nogil:
    # RFC 4291, section 2.2. `place[i]` is after i groups with their colons.
    cdef Text place[8]
    cdef Text next_, tail
    cdef int before = 0, most, i
    place[0] = p
    while before < 7:
        next_ = group_and_colon_end(place[before], end)
        if next_ == NULL:
            break
        before += 1
        place[before] = next_
    if before >= 6:
        tail = ipv4_end(place[6], end)
        if tail != NULL:
            return tail
        if before == 7:
            tail = group_end(place[7], end)
            if tail != NULL:
                return tail
    # Then "::" must follow the groups: the colon after the last of them, and one more.
    p = place[before]
    if before == 0:
        if p >= end or p[0] != c':':
            return NULL
        p += 1
    if p >= end or p[0] != c':':
        return NULL
    p += 1
    most = 7 - before
    if most >= 2:
        place[0] = p
        i = 0
        while i < most - 2:
            next_ = group_and_colon_end(place[i], end)
            if next_ == NULL:
                break
            i += 1
            place[i] = next_
        while i >= 0:
            tail = ipv4_end(place[i], end)
            if tail != NULL:
                return tail
            i -= 1
    if most >= 1:
        tail = group_end(p, end)
        if tail != NULL:
            p = tail
            for i in range(most - 1):
                if p >= end or p[0] != c':':
                    break
                tail = group_end(p + 1, end)
                if tail == NULL:
                    break
                p = tail
    return p


cdef inline Text mac_groups_end(Text p, Text end, int size, uint8_t mark, int count) noexcept nogil:
    # `count` groups of `size` hexadecimal digits with `mark` between them, or NULL.
    cdef int i
    if end - p < count * (size + 1) - 1:
        return NULL
    while True:
        for i in range(size):
            if not CLASS[p[i]] & HEXDIGIT:
                return NULL
        p += size
        count -= 1
        if count == 0:
            return p
        if p[0] != mark:
            return NULL
        p += 1


cdef inline Text mac_end(Text p, Text end) noexcept nogil:
    # EUI-48, and EUI-64: two groups of two digits more, or one of four.
    cdef Text q, more
    if end - p < 14:
        return NULL
    if p[2] == c':' or p[2] == c'-':
        q = mac_groups_end(p, end, 2, p[2], 6)
        if q != NULL and q < end and q[0] == p[2]:
            more = mac_groups_end(q + 1, end, 2, p[2], 2)
            return more if more != NULL else q
        return q
    if p[4] != c'.':
        return NULL
    q = mac_groups_end(p, end, 4, c'.', 3)
    if q != NULL and q < end and q[0] == c'.':
        more = mac_groups_end(q + 1, end, 4, c'.', 1)
        return more if more != NULL else q
    return q


cdef inline Text uuid_end(Text p, Text end) noexcept nogil:
    cdef int i
    if end - p < 36:
        return NULL
    for i in range(36):
        if i == 8 or i == 13 or i == 18 or i == 23:
            if p[i] != c'-':
                return NULL
        elif not CLASS[p[i]] & HEXDIGIT:
            return NULL
    return p + 36


cdef inline Text host_end(Text p, Text end) noexcept nogil:
    cdef Text label = p
    p = run_of(p, end, HOSTBYTE)
    if p == label:
        return NULL
    while end - p >= 2 and p[0] == c'.' and CLASS[p[1]] & HOSTBYTE:
        p = run_of(p + 2, end, HOSTBYTE)
    return p


cdef inline Text quoted_end(Text p, Text end) noexcept nogil:
    if p >= end or p[0] != c'"':
        return NULL
    cdef Text begin = p
    p += 1
    while p < end:
        if p[0] == c'"':
            LM_STEP(p - begin)
            return p + 1
        p += 2 if p[0] == c'\\' else 1
    LM_STEP(p - begin)
    return NULL
