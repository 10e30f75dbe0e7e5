# Known: where scans of a kind end in the line at hand, from each of its places, once scanning has cost too much.
#
# A line may come to a token from many places: from each byte of a long run, or many times from the same place, when many
# texts of the field before end there. Where a token ends depends on its kind and its place alone. So the scans of a kind
# count what they read; when that is a few times the line, a table is made that has room for each of its places, and from
# then on no place is scanned twice, and no run is read from each of its bytes: what a scan finds is written down for all
# places from which a scan ends in the same way. This is "packrat parsing" (Ford 2002) that is paid for by hostile lines only.
#
# A kind is a type of `token_end`, or a grammar, a run or a loop of `_grammar.pxi`; all variants share what is known of it.

cdef bint is_costly(Machine *m, int32_t kind) noexcept nogil:
    # Whether scans of a kind have read so much of the line that a table is worth it.
    cdef Known *known = &m.known[kind]
    if known.stamp != m.line_stamp:
        known.stamp = m.line_stamp
        known.spent = 0
    return known.spent > PLENTY * (m.line_end - m.line + 64)


cdef int32_t *places_of(Machine *m, int32_t kind) noexcept nogil:
    # For each place of the line and its end what is known there, 0 at first; NULL where there is no memory for it.
    cdef Known *known = &m.known[kind]
    cdef int32_t size = <int32_t>(m.line_end - m.line) + 1
    if known.places_stamp != m.line_stamp:
        if known.room < size:
            m.by_limit_total -= known.room
            free(known.places)
            known.places = NULL
            known.room = size if size >= 1024 else 1024
            if m.by_limit_total + known.room <= MOST_BY_LIMIT:
                known.places = <int32_t *>malloc(<size_t>known.room * sizeof(int32_t))
            if known.places == NULL:
                known.room = 0
                m.out_of_memory = True
                return NULL
            m.by_limit_total += known.room
        LM_STEP(size >> 3)
        memset(known.places, 0, <size_t>size * sizeof(int32_t))
        known.places_stamp = m.line_stamp
    return known.places


cdef Text known_run_end(Machine *m, int32_t kind, const uint8_t *ends, Text p) noexcept nogil:
    # Where the bytes end that are not of the set `ends`; NULL where there is no memory. A place has one more than the end.
    cdef int32_t *places = places_of(m, kind)
    cdef int32_t i = <int32_t>(p - m.line), first = i, size = <int32_t>(m.line_end - m.line), result
    if places == NULL:
        return NULL
    while i < size and not places[i] and not ends[m.line[i]] & 1:
        i += 1
    LM_STEP(i - first + 1)
    result = places[i] if i < size and places[i] else i + 1
    while i > first:
        i -= 1
        places[i] = result
    places[first] = result
    return m.line + result - 1


cdef Text next_alike(int type_, Text p, Text end) noexcept nogil:
    # The next place after p, where a text may begin, from which a scan ends as it does from p; NULL if there is none.
    cdef Text q = p + 1
    if p >= end:
        return NULL
    if type_ == INT or type_ == FLOAT or type_ == PERCENT:
        if (is_digit(p[0]) or p[0] == c'+' or p[0] == c'-') and q < end and is_digit(q[0]):
            return q
    elif type_ == HEX:
        if begins_0x(p, end):
            q += 1
        if CLASS[p[0]] & HEXDIGIT and q < end and CLASS[q[0]] & HEXDIGIT and not begins_0x(q, end):
            return q
    elif type_ == HOST:
        if CLASS[p[0]] & HOSTBYTE and q < end:
            if q[0] == c'.':
                q += 1
            if q < end and CLASS[q[0]] & HOSTBYTE:
                return q
    elif type_ == SCHEME:
        if CLASS[p[0]] & LETTER:
            while q < end and CLASS[q[0]] & SCHEMEBYTE:
                LM_STEP(1)
                if CLASS[q[0]] & LETTER:
                    return q
                q += 1
    elif type_ == WS:
        if CLASS[p[0]] & SPACE:
            return q
    elif type_ == WORD_FIELD:
        if not CLASS[p[0]] & SPACE:
            return q
    elif type_ == QUOTED:
        # A quote within a text is escaped, and what comes behind it is read alike from both.
        if p[0] == c'"':
            while q < end and q[0] != c'"':
                LM_STEP(1)
                if q[0] != c'\\':
                    q += 1
                elif end - q >= 2 and q[1] == c'"':
                    return q + 1
                else:
                    q += 2
    elif type_ == JSON:
        if p[0] == c'-' or c'1' <= p[0] <= c'9':
            # From a 0 within a number another begins.
            while q < end and is_digit(q[0]):
                LM_STEP(1)
                if q[0] != c'0' or p[0] == c'-':
                    return q
                q += 1
        elif p[0] == c'"':
            while q < end and q[0] >= 0x20 and q[0] != c'"':
                LM_STEP(1)
                if q[0] != c'\\':
                    q += 1
                elif end - q >= 2 and q[1] == c'"':
                    return q + 1
                else:
                    q = json_escape_end(q, end)
                    if q == NULL:
                        return NULL
    return NULL


cdef Text known_token_end(Machine *m, int type_, Text p) noexcept nogil:
    # `plain_token_end`, of which each place of the line is asked once. A place has one more than the end; -1: there is none.
    cdef int32_t *places = places_of(m, type_)
    cdef Text q = p, stop
    cdef int32_t result = 0
    if places == NULL:
        return NULL
    while q != NULL:
        result = places[q - m.line]
        if result:
            break
        LM_STEP(1)
        q = next_alike(type_, q, m.line_end)
    stop = q
    if q == NULL:
        q = scan_end(type_, p, m.line_end, m.readable)
        result = <int32_t>(q - m.line) + 1 if q != NULL else -1
    q = p
    while q != stop:
        places[q - m.line] = result
        q = next_alike(type_, q, m.line_end)
    return m.line + result - 1 if result > 0 else NULL
