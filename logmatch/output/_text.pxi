# Text: the bytes of a log as valid UTF-8, as JSON strings and as numbers: what all writers that are compiled share.

cdef inline uint8_t *put_number(uint8_t *to, Text p, Text end, Text readable) noexcept nogil:
    # `output.json_number`; the text of a number is not empty.
    if p[0] == c'-':
        to[0] = c'-'
        to += 1
        p += 1
    elif p[0] == c'+':
        p += 1
    while p < end and p[0] == c'0':
        p += 1
    if p == end or not c'0' <= p[0] <= c'9':
        to[0] = c'0'
        to += 1
    lm_copy(to, p, end - p, readable)
    return to + (end - p)


cdef const char *MOST_WHOLE = "9007199254740992"


cdef bint fits_double(Text p, Text end) noexcept nogil:
    # `output.fits_double`: p is a number of JSON, which `put_number` has made.
    cdef Text start, e
    cdef Py_ssize_t whole, zeros, first, power = 0
    cdef bint is_negative = False
    # SAFETY: each byte is read after its place was compared with `end`; `memcmp` reads 16 bytes where there are 16.
    if p < end and p[0] == c'-':
        p += 1
    start = p
    while p < end and c'0' <= p[0] <= c'9':
        p += 1
    whole = p - start
    if p == end:
        return whole < 16 or (whole == 16 and memcmp(start, MOST_WHOLE, 16) <= 0)
    first = whole - 1
    e = start
    while e < end and e[0] == c'0':
        e += 1
    if e - start >= whole:      # nothing but zeros before the point
        zeros = 0
        if p < end and p[0] == c'.':
            p += 1
            while p < end and p[0] == c'0':
                p += 1
                zeros += 1
        if p == end or not c'1' <= p[0] <= c'9':
            return True
        first = -zeros - 1
    while p < end and p[0] != c'e' and p[0] != c'E':
        p += 1
    if p < end:
        p += 1
        if p < end and (p[0] == c'-' or p[0] == c'+'):
            is_negative = p[0] == c'-'
            p += 1
        while p < end:
            if power < 1000000000:
                power = 10 * power + (p[0] - c'0')
            p += 1
    first += -power if is_negative else power
    return -307 <= first <= 307


cdef inline uint8_t *quoted(uint8_t *start, uint8_t *to) noexcept nogil:
    # The text from *start* to *to* with quotes around it; there is room for two bytes more.
    memmove(start + 1, start, <size_t>(to - start))
    start[0] = c'"'
    to[1] = c'"'
    return to + 2


cdef inline int sequence_length(Text p, Text end, int *valid) noexcept nogil:
    # How many bytes at p (a byte from 0x80 on) are one character, or the longest beginning of one that is then cut off,
    # which becomes one U+FFFD: Unicode 15, section 3.9, "substitution of maximal subparts", as Python does it.
    cdef uint8_t first = p[0], low = 0x80, high = 0xBF
    cdef int length, i
    valid[0] = 0
    if first < 0xC2 or first > 0xF4:
        return 1
    if first < 0xE0:
        length = 2
    elif first < 0xF0:
        length = 3
        if first == 0xE0:
            low = 0xA0
        elif first == 0xED:
            high = 0x9F
    else:
        length = 4
        if first == 0xF0:
            low = 0x90
        elif first == 0xF4:
            high = 0x8F
    for i in range(1, length):
        if p + i >= end or not low <= p[i] <= high:
            return i
        low = 0x80
        high = 0xBF
    valid[0] = 1
    return length


cdef inline uint8_t *put_sequence(uint8_t *to, Text *p, Text end, Py_ssize_t *replaced) noexcept nogil:
    # One character that is not ASCII, or U+FFFD for bytes that are none; p goes to what follows. `to` has room for four.
    # SAFETY: p is before `end`, and `sequence_length` gives a length that ends there or before.
    cdef int valid, i, length = sequence_length(p[0], end, &valid)
    if valid:
        for i in range(length):
            to[i] = p[0][i]
        to += length
    else:
        to[0] = 0xEF
        to[1] = 0xBF
        to[2] = 0xBD
        to += 3
        replaced[0] += 1
    p[0] += length
    return to


cdef uint8_t *put_verbatim(
    uint8_t *to, Text p, Text end, bint special, Text readable, Py_ssize_t *replaced
) noexcept nogil:
    # JSON as it is, but for bytes that are not UTF-8. `to` has room for ESCAPED * (end - p) bytes and SLACK.
    if not special:
        lm_copy(to, p, end - p, readable)
        return to + (end - p)
    while p < end:
        if p[0] < 0x80:
            to[0] = p[0]
            to += 1
            p += 1
            continue
        to = put_sequence(to, &p, end, replaced)
    return to


cdef uint8_t *put_string(uint8_t *to, Text p, Text end, Text readable, Py_ssize_t *replaced) noexcept nogil:
    # What stands between the quotes. `to` has room for ESCAPED * (end - p) bytes and SLACK.
    cdef const char *hexadecimal = "0123456789abcdef"
    cdef Py_ssize_t run
    cdef uint8_t byte
    while True:
        run = lm_plain(p, end, readable)
        lm_copy(to, p, run, readable)
        to += run
        p += run
        if p >= end:
            return to
        byte = p[0]
        if byte >= 0x80:
            to = put_sequence(to, &p, end, replaced)
            continue
        to[0] = c'\\'
        if byte == c'"' or byte == c'\\':
            to[1] = byte
            to += 2
        elif byte == c'\t':
            to[1] = c't'
            to += 2
        elif byte == c'\r':
            to[1] = c'r'
            to += 2
        elif byte == c'\n':
            to[1] = c'n'
            to += 2
        elif byte == 0x08:
            to[1] = c'b'
            to += 2
        elif byte == 0x0C:
            to[1] = c'f'
            to += 2
        else:
            to[1] = c'u'
            to[2] = c'0'
            to[3] = c'0'
            to[4] = hexadecimal[byte >> 4]
            to[5] = hexadecimal[byte & 15]
            to += 6
        p += 1


cdef inline uint8_t *put_quoted(
    uint8_t *to, Text p, Text end, bint special, Text readable, Py_ssize_t *replaced
) noexcept nogil:
    to[0] = c'"'
    to += 1
    if special:
        to = put_string(to, p, end, readable, replaced)
    else:
        lm_copy(to, p, end - p, readable)
        to += end - p
    to[0] = c'"'
    return to + 1


cdef struct Key:
    const uint8_t *text
    Py_ssize_t size


cdef int set_key(Key *key, bytes text) except -1:
    key.text = <const uint8_t *><const char *>text
    key.size = len(text)
    return 0


cdef inline uint8_t *put_key(uint8_t *to, const Key *key) noexcept nogil:
    memcpy(to, key.text, <size_t>key.size)
    return to + key.size
