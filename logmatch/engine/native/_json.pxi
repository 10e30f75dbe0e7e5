# JSON: where a value ends (RFC 8259), as `templates.json_scan` says it.

cdef enum:
    JSON_DEPTH = 500


cdef inline Text skip_blanks(Text p, Text end) noexcept nogil:
    while p < end and (p[0] == c' ' or p[0] == c'\t'):
        p += 1
    return p


cdef inline Text json_escape_end(Text p, Text end) noexcept nogil:
    # Where the escape ends whose backslash is at p, or NULL.
    cdef int i
    if end - p < 2:
        return NULL
    if p[1] == c'u':
        if end - p < 6:
            return NULL
        for i in range(2, 6):
            if not CLASS[p[i]] & HEXDIGIT:
                return NULL
        return p + 6
    if (
        p[1] == c'"' or p[1] == c'\\' or p[1] == c'/' or p[1] == c'b' or p[1] == c'f' or p[1] == c'n' or p[1] == c'r'
        or p[1] == c't'
    ):
        return p + 2
    return NULL


cdef Text json_string_end(Text p, Text end, Text readable) noexcept nogil:
    cdef int i
    if p >= end or p[0] != c'"':
        return NULL
    p += 1
    while True:
        LM_STEP(1)
        i = <int>lm_plain(p, end, readable) if end - p < 1 << 30 else 0
        LM_STEP(i)
        p += i
        if p >= end or p[0] < 0x20:
            return NULL
        if p[0] == c'"':
            return p + 1
        if p[0] != c'\\':
            p += 1
            continue
        p = json_escape_end(p, end)
        if p == NULL:
            return NULL


cdef Text json_number_end(Text p, Text end) noexcept nogil:
    cdef Text q
    if p < end and p[0] == c'-':
        p += 1
    if p >= end or not is_digit(p[0]):
        return NULL
    p = p + 1 if p[0] == c'0' else run_of(p, end, DIGIT)
    if end - p >= 2 and p[0] == c'.' and is_digit(p[1]):
        p = run_of(p + 2, end, DIGIT)
    if p < end and (p[0] | 0x20) == c'e':
        q = p + 1
        if q < end and (q[0] == c'+' or q[0] == c'-'):
            q += 1
        if q < end and is_digit(q[0]):
            p = run_of(q + 1, end, DIGIT)
    return p


cdef inline Text json_key_end(Text p, Text end, Text readable) noexcept nogil:
    # Where the value begins of the key at p, or NULL.
    p = json_string_end(p, end, readable)
    if p == NULL:
        return NULL
    p = skip_blanks(p, end)
    return skip_blanks(p + 1, end) if p < end and p[0] == c':' else NULL


cdef inline uint8_t json_closing(uint8_t opening) noexcept nogil:
    return c']' if opening == c'[' else c'}'


cdef inline Text json_scalar_end(Text p, Text end, Text readable) noexcept nogil:
    if p >= end:
        return NULL
    if p[0] == c'"':
        return json_string_end(p, end, readable)
    if p[0] == c't':
        return p + 4 if end - p >= 4 and memcmp(<const void *>p, b"true", 4) == 0 else NULL
    if p[0] == c'f':
        return p + 5 if end - p >= 5 and memcmp(<const void *>p, b"false", 5) == 0 else NULL
    if p[0] == c'n':
        return p + 4 if end - p >= 4 and memcmp(<const void *>p, b"null", 4) == 0 else NULL
    return json_number_end(p, end)


cdef Text json_end(Text p, Text end, Text readable) noexcept nogil:
    cdef uint8_t[JSON_DEPTH] closing
    cdef int depth = 0
    cdef bint is_key = False
    if p >= end:
        return NULL
    if p[0] != c'[' and p[0] != c'{':
        return json_scalar_end(p, end, readable)
    while True:
        LM_STEP(1)
        # A key begins at p, or a value.
        if is_key:
            p = json_key_end(p, end, readable)
            if p == NULL:
                return NULL
        if p < end and (p[0] == c'[' or p[0] == c'{'):
            if depth == JSON_DEPTH:
                return NULL
            closing[depth] = c']' if p[0] == c'[' else c'}'
            is_key = p[0] == c'{'
            depth += 1
            p = skip_blanks(p + 1, end)
            if p >= end:
                return NULL
            if p[0] != closing[depth - 1]:
                continue
            # Empty: it is closed below.
        else:
            p = json_scalar_end(p, end, readable)
            if p == NULL:
                return NULL
        # A value ended at p, or an array or object is empty: what follows closes, or goes on.
        while True:
            p = skip_blanks(p, end)
            if p >= end or p[0] != closing[depth - 1]:
                break
            p += 1
            depth -= 1
            if depth == 0:
                return p
        if p >= end or p[0] != c',':
            return NULL
        p = skip_blanks(p + 1, end)
        is_key = closing[depth - 1] == c'}'


cdef Text known_json_end(Machine *m, Text p) noexcept nogil:
    """
    `json_end`, where arrays and objects are read once: each is known when the one around it has been read.

    A place has one more than the end of the value, -1 if there is none; while what begins there is open, -2 less one more
    than the place of what is open around it.
    """
    cdef int32_t *ends
    cdef int32_t *depths
    cdef int32_t here, top = -1, around
    cdef Text line = m.line, end = m.line_end, readable = m.readable
    cdef bint is_key = False
    if p >= end or (p[0] != c'[' and p[0] != c'{'):
        return known_token_end(m, JSON, p)
    ends = places_of(m, JSON)
    depths = places_of(m, JSON_DEPTHS)
    if ends == NULL or depths == NULL:
        return NULL
    here = <int32_t>(p - line)
    if ends[here]:
        return line + ends[here] - 1 if ends[here] > 0 else NULL
    while True:
        LM_STEP(1)
        # A key begins at p, or a value.
        if is_key:
            p = json_key_end(p, end, readable)
            if p == NULL:
                break
        if p < end and (p[0] == c'[' or p[0] == c'{'):
            here = <int32_t>(p - line)
            if ends[here]:
                # SAFETY: not the first, of which nothing was known: something is open.
                if ends[here] < 0:
                    break
                if depths[here] > depths[top]:
                    depths[top] = depths[here]
                p = line + ends[here] - 1
            else:
                ends[here] = -3 - top
                depths[here] = 0
                top = here
                is_key = p[0] == c'{'
                p = skip_blanks(p + 1, end)
                if p >= end:
                    break
                if p[0] != json_closing(line[top]):
                    continue
                # Empty: it is closed below.
        else:
            p = json_scalar_end(p, end, readable)
            if p == NULL:
                break
        # A value ended at p, or an array or object is empty: what follows closes, or goes on.
        while True:
            LM_STEP(1)
            p = skip_blanks(p, end)
            if p >= end or p[0] != json_closing(line[top]) or depths[top] == JSON_DEPTH:
                break
            p += 1
            around = -3 - ends[top]
            ends[top] = <int32_t>(p - line) + 1
            depths[top] += 1
            if around < 0:
                return p
            if depths[top] > depths[around]:
                depths[around] = depths[top]
            top = around
        if p >= end or p[0] != c',':
            break
        p = skip_blanks(p + 1, end)
        is_key = line[top] == c'{'
    # What is open has no end, wherever it is read from.
    while top >= 0:
        LM_STEP(1)
        around = -3 - ends[top]
        ends[top] = -1
        top = around
    return NULL
