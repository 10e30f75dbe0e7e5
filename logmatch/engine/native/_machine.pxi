# Machine: `run`, the loop over instructions.


cdef inline int32_t *put_span(int32_t *span, Text line, Text start, Text end) noexcept nogil:
    # The text [start, end) is that of the next field; returns the place of the one after it.
    span[0] = <int32_t>(start - line)
    span[1] = <int32_t>(end - line)
    return span + 2


cdef inline Frame *push(Frame *frame, Code at, int32_t *span, Py_ssize_t place, int32_t least) noexcept nogil:
    # Leave a choice open; returns the place of the next frame.
    frame.at = at
    frame.span = span
    frame.place = <int32_t>place
    frame.least = least
    frame.next = 1
    return frame + 1


cdef inline Code behind_number(Code at, int32_t word) noexcept nogil:
    # What stands after the first word of an ANY or FREE instruction and the number of its memo, if it has one.
    return at + 2 if word & MEMOIZED << 8 else at + 1


cdef inline Code behind_bytes(Code literal) noexcept nogil:
    # What stands after a length and so many bytes.
    return literal + 1 + ((literal[0] + 3) >> 2)


cdef Text words_end(Code at, Text p, Text end, Text readable, Code *after) noexcept nogil:
    # The end of the first of the words of WORDS that stands at p, or NULL; and what comes after them.
    cdef Text q = NULL
    cdef int32_t count = at[0] >> 8, n
    at += 1
    while count > 0:
        n = at[0]
        if q == NULL and end - p >= n and lm_equal(<const uint8_t *>(at + 1), p, n, readable):
            q = p + n
        at += 1 + ((n + 3) >> 2)
        count -= 1
    after[0] = at
    return q


cdef inline Text fields_end(Code at, Text line, Text p, Text end, Text readable, int32_t *span) noexcept nogil:
    # What is after the fields of FIELDS and the space after each, or NULL.
    cdef int32_t count = at[0] >> 8
    cdef Text base = p, space
    cdef uint64_t spaces = lm_spaces(p, readable)
    while True:
        at += 1
        while LM_UNLIKELY(spaces == 0):
            # A word goes on; a line comes to it once. A token is scanned: to look for its space could take the rest of the
            # line, from each place where the token might begin.
            if at[0] == WORD_FIELD:
                base += 64
                LM_STEP(64)
                if base >= end:
                    return NULL
            else:
                base = token_end(at[0], p, end, readable)
                if base == NULL or base >= end or base[0] != c' ':
                    return NULL
            spaces = lm_spaces(base, readable)
        space = base + lm_lowest(spaces)
        spaces &= spaces - 1
        # SAFETY: where a bit is set, memory can be read; the line may end before.
        if space >= end or space == p or space[0] != c' ':
            return NULL
        if at[0] != WORD_FIELD:
            if (int_end(p, space, readable) if at[0] == INT else token_end(at[0], p, space, readable)) != space:
                return NULL
        span = put_span(span, line, p, space)
        p = space + 1
        count -= 1
        if count == 0:
            return p


cdef inline uint8_t byte_of(Code literal, int32_t index) noexcept nogil:
    return (<const uint8_t *>literal)[index]


cdef inline Text find(Text p, Text limit, Text end, Code literal, uint8_t first, uint8_t last, Text readable) noexcept nogil:
    # The first place in [p, limit] where a literal (its length, its bytes) begins that ends at `end` or before, or NULL.
    cdef int32_t n = literal[0]
    cdef Text stop = limit + n if end - limit >= n else end
    cdef Text q = lm_find(p, stop, <const uint8_t *>(literal + 1), n, first, last, readable)
    LM_STEP((q if q != NULL else stop) - p)
    return q


cdef inline Text sweep(
    Text p, Text limit, Text end, Text content_end, const uint8_t *sets, int32_t flags, Text readable
) noexcept nogil:
    # The first place in [p, limit] where what follows may begin: by two bytes, or with nothing after the content.
    cdef Text stop = limit + 1 if limit < end else end
    cdef Text q
    if flags & NULLABLE and p > content_end:
        # Whatever the bytes are; to look at them again from each blank at the end would take the square of these.
        return p if p <= limit else NULL
    q = lm_sweep(p, stop, sets, readable)
    LM_STEP(q - p)
    if flags & NULLABLE and (q == stop or q > content_end):
        if p < content_end:
            p = content_end
        return p if p <= limit else NULL
    return q if q < stop else NULL


cdef int32_t run(Machine *m, int32_t entry, int32_t least, int32_t best, int32_t *spans) except FAILED nogil:
    """
    Run the code at *entry* on the line of *m*: the least variant number below *best* that matches, else *best*.

    `least` is the least number that can come of the code. `spans` gets the start and end of each of the variant's fields,
    offsets in the line; it has room for those of any variant.
    """
    cdef Code code = m.code
    cdef Code at = code + entry
    cdef Text line = m.line
    cdef Text end = m.line_end
    cdef Text content_end = m.content_end
    cdef Text readable = m.readable
    cdef Frame *frame = m.frames    # above the last
    cdef int32_t *span = spans      # of the next field
    cdef Py_ssize_t saved = -1      # how many numbers m.saved has, if the best match is there
    cdef int32_t retries = 0        # frames taken up
    cdef Text p = line
    cdef Text q, limit
    cdef Code literal
    cdef int32_t word, n, index, operation, result
    cdef const Slot *slot
    cdef uint64_t key

    # SAFETY, for all of this function: `native.Assembler` makes the code, and gives `Kernel` the number of fields and of
    # frames that the deepest path needs, for which frames, spans and saved have room; jumps lead to instructions. `p` is
    # within [line, end]; what is read at p stands after a comparison with end, or within an lm_ function that is told
    # `readable`, which is not before end. Always least < best: where that ends, the way is left.
    while True:
        LM_STEP(1)
        word = at[0]
        operation = word & 0xFF
        if operation == LITERAL:
            n = word >> 8
            if end - p >= n and lm_equal(<const uint8_t *>(at + 1), p, n, readable):
                p += n
                at += 1 + ((n + 3) >> 2)
                continue
        elif operation == TABLE:
            n = word >> 8 & 0xF
            if end - p >= n:
                key = lm_key(p, n, readable)
                slot = slot_of(at, key)
                if word >= LARGE << 24:
                    m.table = at
                    m.table_place = p - line
                if lm_load64(slot.key) == key and slot.least < best:
                    p += n
                    least = slot.least
                    at = code + slot.target
                    continue
        elif operation == ANY_LITERAL:
            if word & CUT << 8:
                frame -= 1
            limit = end
            literal = behind_number(at, word)
            if not (word & MEMOIZED << 8 and LM_UNLIKELY(retries >= PATIENCE)) \
                    or extend(m, at[1], least, ANY, word >> 8, p, &limit):
                n = literal[0]
                q = find(p, limit, end, literal, <uint8_t>(word >> 16), <uint8_t>(word >> 24), readable)
                if q != NULL:
                    if not word & FINAL << 8:
                        frame = push(frame, at, span, limit - line, least)
                    span = put_span(span, line, p, q)
                    p = q + n
                    at = behind_bytes(literal)
                    continue
        elif operation == ANY_SWEEP:
            if word & CUT << 8:
                frame -= 1
            limit = end
            literal = behind_number(at, word)
            if not (word & MEMOIZED << 8 and LM_UNLIKELY(retries >= PATIENCE)) \
                    or extend(m, at[1], least, ANY, word >> 8, p, &limit):
                q = sweep(p, limit, end, content_end, m.sets + literal[0], word >> 8, readable)
                if q != NULL:
                    frame = push(frame, at, span, limit - line, least)
                    span = put_span(span, line, p, q)
                    p = q
                    at = literal + 1
                    continue
        elif operation == ANY_END:
            if word & CUT << 8:
                frame -= 1
            span = put_span(span, line, p, p if p > content_end else content_end)
            best = least
        elif operation == ANY_SUFFIX:
            if word & CUT << 8:
                frame -= 1
            n = at[1]
            q = content_end - n
            if p <= q and lm_equal(<const uint8_t *>(at + 2), q, n, readable):
                span = put_span(span, line, p, q)
                best = least
        elif operation == FIELDS:
            q = fields_end(at, line, p, end, readable, span)
            if q != NULL:
                p = q
                span += 2 * (word >> 8)
                at += 1 + (word >> 8)
                continue
        elif operation == BYTE:
            if p < end:
                index = lm_index(<const uint8_t *>(at + 1), word >> 8, p[0])
                if index >= 0 and at[5 + 2 * index] < best:
                    p += 1
                    least = at[5 + 2 * index]
                    at = code + at[6 + 2 * index]
                    continue
        elif operation == BYTES:
            if p < end:
                index = (<const uint8_t *>(at + 1))[p[0]]
                if index != 255 and at[65 + 2 * index] < best:
                    p += 1
                    least = at[65 + 2 * index]
                    at = code + at[66 + 2 * index]
                    continue
        elif operation == SPLIT:
            # The branches stand in ascending order of what can come of them at best; there are at least two.
            frame = push(frame, at, span, p - line, at[3])
            at = code + at[2]
            continue
        elif operation == FORK:
            if p < end and at[1 + (p[0] >> 5)] >> (p[0] & 31) & 1:
                frame = push(frame, at, span, p - line, at[11])
                at = code + at[10]
                continue
            if word >> 8:
                at = code + at[10]
                continue
            if at[11] < best:
                least = at[11]
                at = code + at[12]
                continue
        elif operation == TOKEN:
            if not at[1] or LM_LIKELY(retries < PATIENCE):
                q = int_end(p, end, readable) if word >> 8 == INT else scan_end(word >> 8, p, end, readable)
            else:
                q = remembered_token_end(m, word >> 8, p)
            if q != NULL:
                span = put_span(span, line, p, q)
                p = q
                at += 2
                continue
        elif operation == GRAMMAR:
            q = grammar_end(m, m.grammars + at[1], at[2] if LM_UNLIKELY(retries >= PATIENCE) else -1, p)
            if q != NULL:
                span = put_span(span, line, p, q)
                p = q
                at += 3
                continue
        elif operation == LIST:
            q = list_end(m, at, retries >= PATIENCE, p)
            if q != NULL:
                span = put_span(span, line, p, q)
                p = q
                at += at[1]
                continue
        elif operation == END:
            if p >= content_end:
                best = least
        elif operation == WORDS:
            q = words_end(at, p, end, readable, &at)
            if q != NULL:
                span = put_span(span, line, p, q)
                p = q
                continue
        elif operation == REGEX:
            result = ask(m, at[1], <int32_t>(p - line))
            if result == TIMED_OUT:
                return best
            if result >= 0:
                q = line + result
                span = put_span(span, line, p, q)
                p = q
                at += 2
                continue
        else:
            # Free text that is not `any`.
            q = free_text(m, at, least, retries >= PATIENCE, p, &limit)
            if q != NULL:
                literal = behind_number(at, word)
                n = 0
                if operation == FREE_SPACE:
                    # The text ends where the word does, or nowhere.
                    n = literal[0]
                    q = limit
                    if end - q < n or not lm_equal(<const uint8_t *>(literal + 1), q, n, readable):
                        q = NULL
                elif operation == FREE_LITERAL:
                    n = literal[0]
                    q = find(q, limit, end, literal, byte_of(literal + 1, 0), byte_of(literal + 1, n - 1), readable)
                elif operation == FREE_SWEEP:
                    q = sweep(q, limit, end, content_end, m.sets + literal[0], word >> 8, readable)
                elif operation == FREE_END:
                    if limit == content_end:
                        q = limit
                        best = least
                    else:
                        q = NULL
                else:
                    n = literal[0]
                    if q <= content_end - n <= limit and lm_equal(<const uint8_t *>(literal + 1), content_end - n, n, readable):
                        q = content_end - n
                        best = least
                    else:
                        q = NULL
                if q != NULL:
                    if operation >= FREE_LITERAL and not word & FINAL << 8:
                        frame = push(frame, at, span, limit - line, least)
                    span = put_span(span, line, p, q)
                    if best != least:
                        p = q + n
                        at = literal + 1 if operation == FREE_SWEEP else behind_bytes(literal)
                        continue

        if best == least:
            # A match: what cannot be better is dropped.
            while frame > m.frames and (frame - 1).least >= best:
                frame -= 1
            if frame == m.frames:
                m.span_count = span - spans
                return best
            saved = span - spans
            memcpy(m.saved, spans, <size_t>saved * sizeof(int32_t))

        # Take up the last frame that can lead to something better.
        while True:
            if frame == m.frames:
                if saved >= 0:
                    m.span_count = saved
                    memcpy(spans, m.saved, <size_t>saved * sizeof(int32_t))
                return best
            LM_STEP(1)
            frame -= 1
            if frame.least >= best:
                continue
            retries += 1
            at = frame.at
            span = frame.span
            least = frame.least
            word = at[0]
            operation = word & 0xFF
            if operation == SPLIT:
                p = line + frame.place
                index = frame.next
                at = code + at[2 + 2 * index]
                if index + 1 < word >> 8:
                    frame.next = index + 1
                    frame.least = frame.at[3 + 2 * index]
                    frame += 1
                break
            if operation == FORK:
                p = line + frame.place
                at = code + at[12]
                break
            # SAFETY: span[1] is where this text ended last: only fields after it have been written since.
            q = line + span[1] + 1
            limit = line + frame.place
            if q <= limit:
                literal = behind_number(at, word)
                if operation == ANY_SWEEP or operation == FREE_SWEEP:
                    n = 0
                    q = sweep(q, limit, end, content_end, m.sets + literal[0], word >> 8, readable)
                    index = 1
                else:
                    n = literal[0]
                    q = find(q, limit, end, literal, byte_of(literal + 1, 0), byte_of(literal + 1, n - 1), readable)
                    index = 1 + ((n + 3) >> 2)
                if q != NULL:
                    span[1] = <int32_t>(q - line)
                    span += 2
                    p = q + n
                    at = literal + index
                    frame += 1
                    break
