# Grammar: the interpreter of the grammars of tokens (`templates.grammar`); `grammar_code` makes its instructions:
#
#   DONE                        the text ends here
#   BYTE b                      this byte
#   TEXT n, n bytes             these bytes, packed into words
#   SET set[8]                  a byte of this set, one bit for each
#   RUN ends, least, most, kind bytes up to one of the set `ends` (an offset in the sets), at most `most` (-1: no bound)
#   DIGITS n                    n digits
#   TWO least, most             two digits, a number within these bounds
#   NAME which                  the short name of a month (0) or of a day (1)
#   TRY at                      what follows, up to COMMIT; where that does not fit, go on at `at`
#   TRY_IF set[8], at           the same, if the next byte is in the set; else go on at `at`
#   IF set[8], at               the same without coming back
#   COMMIT at                   what was tried fits: go on at `at`
#   JUMP at
#   LOOP set[8], at, kind       what follows, up to BACK, as often as it fits; then go on at `at`
#   BACK at                     to the LOOP
#   FAIL_TWICE                  what must not fit does
#   PAIRS at, marks             keys and values (`_pairs.h`), then go on at `at`; what follows says the same and is for scans
#                               that remember
#
# Where scans of a grammar have read too much of a line, it is remembered by kind (`_known.pxi`) where a RUN ends that holds a
# place, and where a LOOP ends from each place at which an iteration began.

cdef enum:
    G_DONE = 0
    G_BYTE = 1
    G_TEXT = 2
    G_SET = 3
    G_RUN = 4
    G_DIGITS = 5
    G_TWO = 6
    G_NAME = 7
    G_TRY = 8
    G_TRY_IF = 9
    G_IF = 10
    G_COMMIT = 11
    G_JUMP = 12
    G_LOOP = 13
    G_BACK = 14
    G_FAIL_TWICE = 15
    G_PAIRS = 16
    G_DEPTH = 64

GRAMMAR_DEPTH = G_DEPTH - 1
GRAMMAR_OPERATIONS = {
    "DONE": G_DONE,
    "BYTE": G_BYTE,
    "TEXT": G_TEXT,
    "SET": G_SET,
    "RUN": G_RUN,
    "DIGITS": G_DIGITS,
    "TWO": G_TWO,
    "NAME": G_NAME,
    "TRY": G_TRY,
    "TRY_IF": G_TRY_IF,
    "IF": G_IF,
    "COMMIT": G_COMMIT,
    "JUMP": G_JUMP,
    "LOOP": G_LOOP,
    "BACK": G_BACK,
    "FAIL_TWICE": G_FAIL_TWICE,
    "PAIRS": G_PAIRS,
}

cdef extern from "_pairs.h" nogil:
    ctypedef struct lm_marks:
        pass
    const uint8_t *lm_pairs_end(
        const uint8_t *p, const uint8_t *end, const lm_marks *marks, const uint8_t *readable, const uint8_t **read
    )
    enum:
        MOST_MARK "LM_MOST_MARK"
        MARKS_SIZE "sizeof(lm_marks)"

GRAMMAR_MARKS = (MOST_MARK, MARKS_SIZE)
"""How many bytes each mark of PAIRS has room for, and all of them take."""

cdef struct Choice:
    int32_t at          # where to go on
    int32_t chain       # of a LOOP: one more than the place at which the iteration before began; 0: there is none
    int32_t loop        # its kind
    Text p


cdef inline Choice *open_choice(Choice *choice, int32_t at, Text p) noexcept nogil:
    choice.at = at
    choice.chain = 0
    choice.p = p
    return choice + 1


cdef inline bint in_set(Code set_, uint8_t byte) noexcept nogil:
    return set_[byte >> 5] >> (byte & 31) & 1


cdef inline Text end_of_run(Text p, Text end, const uint8_t *ends, Text readable) noexcept nogil:
    # Where the bytes end that are not of the set `ends`. Most runs are short: the first bytes are looked at one by one.
    cdef Text few = p + 12 if end - p > 12 else end
    cdef Text begin = p
    while p < few:
        if ends[p[0]] & 1:
            LM_STEP(p - begin)
            return p
        p += 1
    if p < end:
        p = lm_sweep(p, end, ends, readable)
    LM_STEP(p - begin)
    return p


cdef inline void mark_chain(int32_t *marks, int32_t last, int32_t end) noexcept nogil:
    # Mark the places at which iterations began, from the last (one more than its place) back to the first: they end there.
    cdef int32_t before
    while last > 0:
        LM_STEP(1)
        before = -1 - marks[last - 1]
        marks[last - 1] = end + 1
        last = before


cdef Text grammar_end(Machine *m, Code program, int32_t kind, Text p) noexcept nogil:
    # Where the text of a grammar ends that begins at p, or NULL; `kind` counts what its scans read, -1: nothing does.
    cdef int64_t read = 0
    cdef Text q
    if kind < 0:
        return scan_grammar(m, program, False, p, &read)
    q = scan_grammar(m, program, is_costly(m, kind), p, &read)
    m.known[kind].spent += read
    return q


cdef Text scan_grammar(Machine *m, Code program, bint remember, Text p, int64_t *read) noexcept nogil:
    cdef Choice[G_DEPTH] choices
    cdef Choice *choice = choices       # above the last
    cdef Code code = m.grammars
    cdef Code at = program
    cdef Text end = m.line_end, readable = m.readable
    cdef Text q, reached
    cdef int32_t *marks
    cdef int32_t offset, before, n
    # SAFETY, for all of this function: `GrammarCode` makes the code; its depth is below G_DEPTH, and jumps lead to
    # instructions. p is within [line, end]; what is read there stands after a comparison with end.
    while True:
        LM_STEP(1)
        if at[0] == G_BYTE:
            if p < end and p[0] == at[1]:
                p += 1
                at += 2
                continue
        elif at[0] == G_TWO:
            if end - p >= 2 and two_digits(p, at[1], at[2]):
                p += 2
                at += 3
                continue
        elif at[0] == G_SET:
            if p < end and in_set(at + 1, p[0]):
                p += 1
                at += 9
                continue
        elif at[0] == G_RUN:
            if remember and at[4] >= 0:
                q = known_run_end(m, at[4], m.sets + at[1], p)
                if q == NULL:
                    return NULL
                if at[3] >= 0 and q - p > at[3]:
                    q = p + at[3]
            else:
                q = end if at[3] < 0 or end - p <= at[3] else p + at[3]
                q = end_of_run(p, q, m.sets + at[1], readable)
                read[0] += q - p
            if q - p >= at[2]:
                p = q
                at += 5
                continue
        elif at[0] == G_DIGITS:
            n = at[1]
            if end - p >= n:
                while n > 0 and is_digit(p[n - 1]):
                    n -= 1
                if n == 0:
                    p += at[1]
                    at += 2
                    continue
        elif at[0] == G_TEXT:
            n = at[1]
            if end - p >= n and memcmp(<const void *>(at + 2), <const void *>p, <size_t>n) == 0:
                p += n
                at += 2 + ((n + 3) >> 2)
                continue
        elif at[0] == G_NAME:
            if end - p >= 3 and (lm_is_day(p) if at[1] else lm_is_month(p)):
                p += 3
                at += 2
                continue
        elif at[0] == G_TRY_IF:
            if p < end and in_set(at + 1, p[0]):
                choice = open_choice(choice, at[9], p)
                at += 10
            else:
                at = code + at[9]
            continue
        elif at[0] == G_IF:
            at = at + 10 if p < end and in_set(at + 1, p[0]) else code + at[9]
            continue
        elif at[0] == G_COMMIT:
            choice -= 1
            at = code + at[1]
            continue
        elif at[0] == G_JUMP:
            at = code + at[1]
            continue
        elif at[0] == G_LOOP:
            # Here from outside, or from BACK, which has left the choice as it was.
            if remember:
                marks = places_of(m, at[10])
                if marks == NULL:
                    return NULL
                offset = <int32_t>(p - m.line)
                if marks[offset] > 0:
                    # From here it is known; a place is marked with one more than its end.
                    p = m.line + marks[offset] - 1
                    at = code + at[9]
                    continue
            if p < end and in_set(at + 1, p[0]):
                choice = open_choice(choice, at[9], p)
                at += 11
            else:
                at = code + at[9]
            continue
        elif at[0] == G_BACK:
            # An iteration fits. Its place is a link of a chain; where the loop ends, all of it is marked (see `fail`).
            choice -= 1
            at = code + at[1]
            before = 0
            read[0] += 4
            if remember:
                marks = places_of(m, at[10])
                if marks == NULL:
                    return NULL
                offset = <int32_t>(choice.p - m.line)
                marks[offset] = -1 - choice.chain
                before = offset + 1
                offset = <int32_t>(p - m.line)
                if marks[offset] > 0:
                    p = m.line + marks[offset] - 1
                    mark_chain(marks, before, <int32_t>(p - m.line))
                    at = code + at[9]
                    continue
            if p == choice.p or p >= end or not in_set(at + 1, p[0]):
                if before:
                    mark_chain(marks, before, <int32_t>(p - m.line))
                at = code + at[9]
                continue
            choice = open_choice(choice, at[9], p)
            (choice - 1).chain = before
            (choice - 1).loop = at[10]
            at += 11
            continue
        elif at[0] == G_TRY:
            choice = open_choice(choice, at[1], p)
            at += 2
            continue
        elif at[0] == G_DONE:
            return p
        elif at[0] == G_PAIRS:
            if remember:
                at += 2 + MARKS_SIZE // 4
                continue
            q = lm_pairs_end(p, end, <const lm_marks *>(at + 2), readable, &reached)
            read[0] += reached - p
            if q != NULL:
                p = q
                at = code + at[1]
                continue
        elif at[0] == G_FAIL_TWICE:
            choice -= 1
        # Back to the last choice.
        if choice == choices:
            return NULL
        choice -= 1
        p = choice.p
        at = code + choice.at
        if choice.chain > 0:
            marks = places_of(m, choice.loop)
            if marks == NULL:
                return NULL
            mark_chain(marks, choice.chain, <int32_t>(p - m.line))
