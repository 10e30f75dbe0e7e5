# JSON: where strings and values end, and what a string says; as strict as orjson, but for numbers that no double holds.

cdef inline Text skip_blanks(Text p, Text end) noexcept nogil:
    while p < end and (p[0] == c' ' or p[0] == c'\t' or p[0] == c'\r' or p[0] == c'\n'):
        p += 1
    return p


cdef inline int hex_digit(uint8_t byte) noexcept nogil:
    if c'0' <= byte <= c'9':
        return byte - c'0'
    byte |= 0x20
    if c'a' <= byte <= c'f':
        return byte - c'a' + 10
    return -1


cdef int code_unit(Text p, Text end) noexcept nogil:
    # What the four digits at p say; -1 where they are none.
    cdef int i, digit, code = 0
    if end - p < 4:
        return -1
    for i in range(4):
        digit = hex_digit(p[i])
        if digit < 0:
            return -1
        code = code << 4 | digit
    return code


cdef int utf8_length(Text p, Text end) noexcept nogil:
    # How many bytes the character at p has, whose first byte is beyond ASCII; 0 where it is none (Unicode 15, table 3-7).
    cdef uint8_t first = p[0], low = 0x80, high = 0xBF
    cdef int length, i
    if first < 0xC2 or first > 0xF4:
        return 0
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
    if end - p < length:
        return 0
    for i in range(1, length):
        if not low <= p[i] <= high:
            return 0
        low = 0x80
        high = 0xBF
    return length


cdef Text string_end(Text p, Text end, Text readable) noexcept nogil:
    # The closing quote of the string whose text begins at p; NULL where it is none.
    # SAFETY: p is compared with `end` before each byte is read; escapes are of as many bytes as were compared with it.
    cdef int code, length
    cdef uint8_t byte
    while True:
        p += lm_plain(p, end, readable)
        if p >= end:
            return NULL
        byte = p[0]
        if byte == c'"':
            return p
        if byte == c'\\':
            if end - p < 2:
                return NULL
            byte = p[1]
            if byte == c'u':
                code = code_unit(p + 2, end)
                if code < 0 or 0xDC00 <= code < 0xE000:
                    return NULL
                p += 6
                if 0xD800 <= code < 0xDC00:
                    if end - p < 6 or p[0] != c'\\' or p[1] != c'u':
                        return NULL
                    code = code_unit(p + 2, end)
                    if not 0xDC00 <= code < 0xE000:
                        return NULL
                    p += 6
            elif (
                byte == c'n' or byte == c'"' or byte == c'\\' or byte == c't' or byte == c'/' or byte == c'r'
                or byte == c'b' or byte == c'f'
            ):
                p += 2
            else:
                return NULL
        elif byte >= 0x80:
            while p < end and p[0] >= 0x80:
                length = utf8_length(p, end)
                if length == 0:
                    return NULL
                p += length
        else:
            return NULL


cdef int put_escape(Text *place, uint8_t *to) noexcept nogil:
    # Write what the escape at `place` says, which is right; give how many bytes that is, 1 to 4, and go on behind it.
    # SAFETY: `string_end` has seen the whole of it.
    cdef Text p = place[0]
    cdef uint8_t byte = p[1]
    cdef int code
    if byte != c'u':
        place[0] = p + 2
        if byte == c'n':
            byte = c'\n'
        elif byte == c't':
            byte = c'\t'
        elif byte == c'r':
            byte = c'\r'
        elif byte == c'b':
            byte = 0x08
        elif byte == c'f':
            byte = 0x0C
        to[0] = byte
        return 1
    code = code_unit(p + 2, p + 6)
    p += 6
    if 0xD800 <= code < 0xDC00:
        code = 0x10000 + ((code - 0xD800) << 10) + (code_unit(p + 2, p + 6) - 0xDC00)
        p += 6
    place[0] = p
    if code < 0x80:
        to[0] = <uint8_t>code
        return 1
    if code < 0x800:
        to[0] = <uint8_t>(0xC0 | code >> 6)
        to[1] = <uint8_t>(0x80 | code & 0x3F)
        return 2
    if code < 0x10000:
        to[0] = <uint8_t>(0xE0 | code >> 12)
        to[1] = <uint8_t>(0x80 | code >> 6 & 0x3F)
        to[2] = <uint8_t>(0x80 | code & 0x3F)
        return 3
    to[0] = <uint8_t>(0xF0 | code >> 18)
    to[1] = <uint8_t>(0x80 | code >> 12 & 0x3F)
    to[2] = <uint8_t>(0x80 | code >> 6 & 0x3F)
    to[3] = <uint8_t>(0x80 | code & 0x3F)
    return 4


cdef uint8_t *put_unescaped(uint8_t *to, Text p, Text end) noexcept nogil:
    # Write the text of a string that is right. It is never longer than what is written there.
    cdef Text escape
    while p < end:
        escape = <Text>memchr(p, c'\\', <size_t>(end - p))
        if escape == NULL:
            escape = end
        memcpy(to, p, <size_t>(escape - p))
        to += escape - p
        p = escape
        while p < end and p[0] == c'\\':
            to += put_escape(&p, to)
    return to


cdef bint says(Text p, Text end, const void *other, Py_ssize_t size) noexcept nogil:
    # Whether the string that is written from p to end, and is right, is this text.
    cdef uint8_t[4] character
    cdef const uint8_t *text = <const uint8_t *>other
    cdef const uint8_t *text_end = text + size
    cdef int length
    if end - p == size and memcmp(p, text, <size_t>size) == 0:
        return memchr(p, c'\\', <size_t>size) == NULL
    if memchr(p, c'\\', <size_t>(end - p)) == NULL:
        return False
    while p < end:
        if p[0] == c'\\':
            length = put_escape(&p, character)
        else:
            character[0] = p[0]
            length = 1
            p += 1
        if text_end - text < length or memcmp(text, character, <size_t>length) != 0:
            return False
        text += length
    return text == text_end


cdef Text number_end(Text p, Text end) noexcept nogil:
    # Behind the number at p; NULL where there is none.
    if p < end and p[0] == c'-':
        p += 1
    if p >= end or not c'0' <= p[0] <= c'9':
        return NULL
    if p[0] == c'0':
        p += 1
    else:
        while p < end and c'0' <= p[0] <= c'9':
            p += 1
    if p < end and p[0] == c'.':
        p += 1
        if p >= end or not c'0' <= p[0] <= c'9':
            return NULL
        while p < end and c'0' <= p[0] <= c'9':
            p += 1
    if p < end and (p[0] == c'e' or p[0] == c'E'):
        p += 1
        if p < end and (p[0] == c'+' or p[0] == c'-'):
            p += 1
        if p >= end or not c'0' <= p[0] <= c'9':
            return NULL
        while p < end and c'0' <= p[0] <= c'9':
            p += 1
    return p


cdef inline Text word_end(Text p, Text end, const char *word, Py_ssize_t size) noexcept nogil:
    return p + size if end - p >= size and memcmp(p, word, <size_t>size) == 0 else NULL


cdef Text name_end(Text p, Text end, Text readable) noexcept nogil:
    # Where the value begins that belongs to the name at p; NULL where there is no name.
    if p >= end or p[0] != c'"':
        return NULL
    p = string_end(p + 1, end, readable)
    if p == NULL:
        return NULL
    p = skip_blanks(p + 1, end)
    if p >= end or p[0] != c':':
        return NULL
    return skip_blanks(p + 1, end)


cdef Text value_end(Text p, Text end, Text readable, int depth) noexcept nogil:
    # Behind the value at p, `depth` levels of others around it; NULL where there is none, or one that is too deep.
    # SAFETY: `count` is compared with MOST_DEPTH before `opened` is written to; it is above 0 where it is read.
    cdef uint8_t[MOST_DEPTH] opened
    cdef int count = 0
    cdef uint8_t byte
    while True:
        if p >= end:
            return NULL
        byte = p[0]
        if byte == c'"':
            p = string_end(p + 1, end, readable)
            if p != NULL:
                p += 1
        elif byte == c'{' or byte == c'[':
            if depth + count >= MOST_DEPTH:
                return NULL
            p = skip_blanks(p + 1, end)
            if p < end and p[0] == byte + 2:        # "}" is "{" + 2, and "]" is "[" + 2
                p += 1
            else:
                opened[count] = byte
                count += 1
                if byte == c'{':
                    p = name_end(p, end, readable)
                    if p == NULL:
                        return NULL
                continue
        elif byte == c't':
            p = word_end(p, end, b"true", 4)
        elif byte == c'f':
            p = word_end(p, end, b"false", 5)
        elif byte == c'n':
            p = word_end(p, end, b"null", 4)
        else:
            p = number_end(p, end)
        if p == NULL:
            return NULL
        while count:
            p = skip_blanks(p, end)
            if p >= end:
                return NULL
            byte = opened[count - 1]
            if p[0] == c',':
                p = skip_blanks(p + 1, end)
                if byte == c'{':
                    p = name_end(p, end, readable)
                    if p == NULL:
                        return NULL
                break
            if p[0] != byte + 2:
                return NULL
            p += 1
            count -= 1
        else:
            return p
