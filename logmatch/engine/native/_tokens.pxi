# Tokens: the end of a field in a line, from what is remembered of the line where that is worth it.


cdef inline Text plain_token_end(Machine *m, int type_, Text p) noexcept nogil:
    return json_end(m, -1, p) if type_ == JSON else token_end(type_, p, m.line_end, m.readable)


cdef Text remembered_token_end(Machine *m, int type_, int32_t number, Text p) noexcept nogil:
    # A token scanned from every byte of a long run would cost the square of its length: see reference.Scanner.
    cdef Text end = m.line_end
    cdef Cache *cache
    cdef Text result, first, last
    if type_ == JSON:
        return json_end(m, number, p)
    if number < 0:
        return token_end(type_, p, end, m.readable)
    cache = &m.caches[number]
    cdef int32_t offset = <int32_t>(p - m.line)
    if cache.stamp == m.stamp and cache.first <= offset < cache.end:
        # Within such a range a text can begin with some bytes only.
        if (
            (type_ == HOST and not CLASS[p[0]] & HOSTBYTE)
            or (type_ == QUOTED and p[0] != c'"')
            or (type_ == SCHEME and not CLASS[p[0]] & LETTER)
            or cache.result < 0
        ):
            return NULL
        return m.line + cache.result
    result = token_end(type_, p, end, m.readable)
    first = last = p
    if type_ == INT or type_ == FLOAT or type_ == PERCENT:
        if first < end and (first[0] == c'+' or first[0] == c'-'):
            first += 1
        last = run_of(first, end, DIGIT)
    elif type_ == HEX:
        if end - first >= 3 and first[0] == c'0' and (first[1] | 0x20) == c'x' and CLASS[first[2]] & HEXDIGIT:
            first += 2
        last = run_of(first, end, HEXDIGIT) - 1
    elif type_ == QUOTED:
        if p < end and p[0] == c'"':
            last = result - 1 if result != NULL else end
    elif result != NULL:
        last = result
    cache.stamp = m.stamp
    cache.first = <int32_t>(first - m.line)
    cache.end = <int32_t>(last - m.line)
    cache.result = <int32_t>(result - m.line) if result != NULL else -1
    return result


cdef inline Text first_end(Machine *m, int kind, int32_t number, Text p) noexcept nogil:
    # Where free text that begins at p can end at the earliest, or NULL.
    cdef Text end = m.line_end
    if kind == WORD:
        return p + 1 if p < end and not CLASS[p[0]] & SPACE else NULL
    if kind == PATH:
        if p >= end:
            return NULL
        if p[0] == c'/' or p[0] == c'~':
            return p + 1
        if end - p >= 3 and CLASS[p[0]] & LETTER and p[1] == c':' and (p[2] == c'/' or p[2] == c'\\'):
            return p + 3
        return NULL
    # URL
    p = remembered_token_end(m, SCHEME, number, p)
    if p == NULL or end - p < 4 or p[0] != c':' or p[1] != c'/' or p[2] != c'/' or CLASS[p[3]] & SPACE:
        return NULL
    return p + 4


cdef Text free_text(Machine *m, Code at, int32_t least, bint remember, Text p, Text *limit) noexcept nogil:
    """
    For a FREE instruction at p: where its text ends at the earliest, or NULL; `limit` is where it ends at the latest.

    `remember`: what is in vain is written down.
    """
    cdef int32_t flags = at[0] >> 8 & 0xFF
    cdef int kind = at[0] >> 16 & 0xFF
    cdef int32_t number = -1
    cdef Memo *memo = NULL
    cdef Text from_
    if remember and flags & RETURNS:
        number = return_number(m, at[1], least)
        memo = &m.memos[number]
    from_ = first_end(m, kind, number, p)
    if from_ == NULL:
        return NULL
    if memo == NULL:
        limit[0] = lm_find_space(from_, m.line_end, m.readable)
        LM_STEP(limit[0] - from_)
        return from_
    if memo.stamp == m.stamp and memo.first <= from_ - m.line <= memo.limit:
        limit[0] = m.line + memo.limit
    else:
        limit[0] = lm_find_space(from_, m.line_end, m.readable)
        LM_STEP(limit[0] - from_)
    return from_ if extend(m, at[1], least, kind, flags, from_, limit) else NULL


cdef Text list_end(Machine *m, Code at, int32_t least, bint remember, Text p) noexcept nogil:
    """
    For a LIST at p: where the longest of its items ends, or NULL.

    Items are: LIST_WORD n, n bytes; LIST_TOKEN type, return; LIST_GRAMMAR program, return; LIST_FREE kind, return, program,
    return: free text up to the next whitespace, which the program finds.
    """
    cdef Text longest = NULL, q
    cdef int32_t count = at[2], n, number
    at += 3
    while count > 0:
        q = NULL
        if at[0] == LIST_WORD:
            n = at[1]
            if m.line_end - p >= n and memcmp(<const void *>(at + 2), <const void *>p, <size_t>n) == 0:
                q = p + n
            at += 2 + ((n + 3) >> 2)
        else:
            number = return_number(m, at[2], least) if remember and at[2] != -1 else -1
            if at[0] == LIST_TOKEN:
                q = remembered_token_end(m, at[1], number, p)
                at += 3
            elif at[0] == LIST_GRAMMAR:
                q = grammar_end(m, m.grammars + at[1], number, p)
                at += 3
            else:
                if at[1] == ANY or first_end(m, at[1], number, p) != NULL:
                    number = return_number(m, at[4], least) if remember and at[4] != -1 else -1
                    q = grammar_end(m, m.grammars + at[3], number, p)
                at += 5
        if q > longest:
            longest = q
        count -= 1
    return longest
