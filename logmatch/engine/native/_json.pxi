# JSON: where a value ends (RFC 8259), as `templates.json_scan` says it.

cdef enum:
    JSON_DEPTH = 500


cdef inline Text skip_blanks(Text p, Text end) noexcept nogil:
    while p < end and (p[0] == c' ' or p[0] == c'\t'):
        p += 1
    return p


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
        if end - p < 2:
            return NULL
        if p[1] == c'u':
            if end - p < 6:
                return NULL
            for i in range(2, 6):
                if not CLASS[p[i]] & HEXDIGIT:
                    return NULL
            p += 6
        elif (
            p[1] == c'"' or p[1] == c'\\' or p[1] == c'/' or p[1] == c'b' or p[1] == c'f' or p[1] == c'n' or p[1] == c'r'
            or p[1] == c't'
        ):
            p += 2
        else:
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


cdef Text remembered_number_end(Machine *m, Marks *marks, Text p) noexcept nogil:
    # From each digit but 0 of a run of digits a number ends in the same place.
    cdef int32_t offset = <int32_t>(p - m.line)
    if marks.digits_stamp != m.stamp or not marks.digits_first <= offset < marks.digits_end:
        marks.digits_stamp = m.stamp
        marks.digits_first = offset
        marks.digits_end = <int32_t>(run_of(p, m.line_end, DIGIT) - m.line)
        marks.digits_result = <int32_t>(json_number_end(p, m.line_end) - m.line)
    return m.line + marks.digits_result


cdef Text json_end(Machine *m, int32_t number, Text p) noexcept nogil:
    # `number` is that of marks for arrays and objects and of a cache for strings that do not end, -1: nothing is remembered.
    cdef Text end = m.line_end, readable = m.readable, q
    cdef int32_t[JSON_DEPTH] begins
    cdef uint8_t[JSON_DEPTH] closing
    cdef int depth = 0, i
    cdef int32_t offset = <int32_t>(p - m.line)
    cdef int32_t *marks = NULL
    cdef Cache *cache
    cdef bint is_key = False, too_deep = False
    if p >= end:
        return NULL
    if p[0] != c'[' and p[0] != c'{':
        if number >= 0 and c'1' <= p[0] <= c'9':
            return remembered_number_end(m, &m.marks[number], p)
        if number < 0 or p[0] != c'"':
            return json_scalar_end(p, end, readable)
        # From a quote within a text that does not end, the text does not end either; such a quote is escaped.
        cache = &m.caches[number]
        if cache.stamp == m.stamp and cache.first <= offset < cache.end:
            return NULL
        q = json_string_end(p, end, readable)
        if q == NULL:
            q = p + 1
            while q < end and q[0] >= 0x20:
                if q[0] == c'"' or (q[0] == c'\\' and q + 1 >= end):
                    break
                q += 2 if q[0] == c'\\' and (q[1] == c'"' or q[1] == c'\\') else 1
            LM_STEP(q - p)
            cache.stamp = m.stamp
            cache.first = offset
            cache.end = <int32_t>((q if q < end else end) - m.line)
            return NULL
        return q
    if number >= 0:
        marks = marks_of(m, number)
        if marks == NULL:
            return NULL
        if marks[offset]:
            return m.line + marks[offset] - 1 if marks[offset] > 0 else NULL
    while True:
        LM_STEP(1)
        # A key begins at p, or a value.
        if is_key:
            p = json_string_end(p, end, readable)
            if p == NULL:
                break
            p = skip_blanks(p, end)
            if p >= end or p[0] != c':':
                break
            p = skip_blanks(p + 1, end)
            is_key = False
        if p < end and (p[0] == c'[' or p[0] == c'{'):
            if depth == JSON_DEPTH:
                too_deep = True
                break
            begins[depth] = <int32_t>(p - m.line)
            closing[depth] = c']' if p[0] == c'[' else c'}'
            is_key = p[0] == c'{'
            depth += 1
            p = skip_blanks(p + 1, end)
            if p >= end:
                break
            if p[0] != closing[depth - 1]:
                continue
            # Empty: it is closed below.
            is_key = False
        else:
            p = json_scalar_end(p, end, readable)
            if p == NULL:
                break
        # A value ended at p, or an array or object is empty: what follows closes, or goes on.
        while True:
            p = skip_blanks(p, end)
            if p < end and p[0] == closing[depth - 1]:
                p += 1
                depth -= 1
                if marks != NULL:
                    marks[begins[depth]] = <int32_t>(p - m.line) + 1
                if depth == 0:
                    return p
                continue
            break
        if p >= end or p[0] != c',':
            break
        p = skip_blanks(p + 1, end)
        is_key = closing[depth - 1] == c'}'
    if marks != NULL:
        # What is open has no end, wherever it is read from; what is too deep may have one from farther in.
        for i in range(1 if too_deep else depth):
            marks[begins[i]] = -1
    return NULL
