# Tokens: the end of a field in a line, from what is known of the line where that is worth it.


cdef inline Text scan_end(int type_, Text p, Text end, Text readable) noexcept nogil:
    # Where the text of a kind ends that begins at p, or NULL.
    cdef Text space
    if type_ == JSON:
        return json_end(p, end, readable)
    if type_ == WORD_FIELD:
        space = lm_find_space(p, end, readable)
        LM_STEP(space - p)
        return space
    return token_end(type_, p, end, readable)


cdef Text remembered_token_end(Machine *m, int type_, Text p) noexcept nogil:
    # `scan_end` for a token that a line comes to from many places.
    cdef Text q, read
    if type_ == JSON:
        return known_json_end(m, p)
    if is_costly(m, type_):
        return known_token_end(m, type_, p)
    q = read = scan_end(type_, p, m.line_end, m.readable)
    if q == NULL:
        # Where no text ends, only these have read more than a few bytes: up to the end of the line, or a fraction and no year.
        if type_ == QUOTED and p < m.line_end and p[0] == c'"':
            read = m.line_end
        elif (type_ == CTIME or type_ == TIMESTAMP) and m.line_end - p >= 23 and lm_is_day(p):
            read = m.line_end
        elif type_ == PERCENT:
            read = float_end(p, m.line_end)
    if read != NULL:
        m.known[type_].spent += read - p
    return q


cdef inline Text first_end(Machine *m, int kind, bint remember, Text p) noexcept nogil:
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
    p = remembered_token_end(m, SCHEME, p) if remember else token_end(SCHEME, p, end, m.readable)
    if p == NULL or end - p < 4 or p[0] != c':' or p[1] != c'/' or p[2] != c'/' or CLASS[p[3]] & SPACE:
        return NULL
    return p + 4


cdef Text free_text(Machine *m, Code at, int32_t least, bint remember, Text p, Text *limit) noexcept nogil:
    """
    For a FREE instruction at p: where its text ends at the earliest, or NULL; `limit` is where it ends at the latest.

    `remember`: dead positions are recorded, and what is scanned too often.
    """
    cdef int32_t flags = at[0] >> 8 & 0xFF
    cdef int kind = at[0] >> 16 & 0xFF
    cdef Memo *memo
    cdef Text from_
    remember = remember and flags & MEMOIZED
    from_ = first_end(m, kind, remember, p)
    if from_ == NULL:
        return NULL
    if not remember:
        limit[0] = lm_find_space(from_, m.line_end, m.readable)
        LM_STEP(limit[0] - from_)
        return from_
    memo = &m.memos[return_number(m, at[1], least)]
    if memo.stamp == m.stamp and memo.first <= from_ - m.line <= memo.limit:
        limit[0] = m.line + memo.limit
    else:
        limit[0] = remembered_token_end(m, WORD_FIELD, from_)
        if limit[0] == NULL:
            return NULL
    return from_ if extend(m, at[1], least, kind, flags, from_, limit) else NULL


cdef Text list_end(Machine *m, Code at, bint remember, Text p) noexcept nogil:
    """
    For a LIST at p: where the longest of its items ends, or NULL.

    Items are: LIST_WORD n, n bytes; LIST_TOKEN type, returns; LIST_GRAMMAR program, kind; LIST_FREE type, returns, program,
    kind: free text up to the next whitespace, which the program finds.
    """
    cdef Text longest = NULL, q
    cdef int32_t count = at[2], n
    at += 3
    while count > 0:
        q = NULL
        if at[0] == LIST_WORD:
            n = at[1]
            if m.line_end - p >= n and memcmp(<const void *>(at + 2), <const void *>p, <size_t>n) == 0:
                q = p + n
            at += 2 + ((n + 3) >> 2)
        elif at[0] == LIST_TOKEN:
            q = remembered_token_end(m, at[1], p) if remember and at[2] else scan_end(at[1], p, m.line_end, m.readable)
            at += 3
        elif at[0] == LIST_GRAMMAR:
            q = grammar_end(m, m.grammars + at[1], at[2] if remember else -1, p)
            at += 3
        else:
            if at[1] == ANY or first_end(m, at[1], remember and at[2], p) != NULL:
                q = grammar_end(m, m.grammars + at[3], at[4] if remember else -1, p)
            at += 5
        if q > longest:
            longest = q
        count -= 1
    return longest
