# State: what the machine knows of the line at hand: open choices, dead positions, results of scans.

ctypedef const int32_t *Code

cdef struct Frame:
    Code at            # its SPLIT, ANY or FREE instruction
    int32_t *span      # of the next field, or of the free text
    int32_t place      # SPLIT: where in the line; else the last place where the text may end
    int32_t least      # the least variant number that can come of it
    int32_t next       # SPLIT: the next branch

cdef struct Memo:
    # What is known in the line `stamp`: the positions from `lowest` on are dead: extending the text of this FREE to them fails.
    # For words, this is so up to `limit` only, where the word ends; other words are in `by_limit`, if UNORDERED.
    uint64_t stamp
    int32_t lowest
    int32_t first          # from here to limit no whitespace stands
    int32_t limit
    int32_t *by_limit      # offset in the line -> lowest; NULL until it is needed
    int32_t by_limit_room  # how many offsets it has

cdef struct Known:
    # What is known in the line at hand of the scans of one kind: see `_known.pxi`.
    uint64_t stamp         # the line that `spent` is of
    int64_t spent          # how many bytes these scans have read
    uint64_t places_stamp  # the line that `places` are of
    int32_t *places        # for each place of the line what is known there, 0: nothing; NULL until they are needed
    int32_t room           # how many

cdef enum:
    UNKNOWN = 0x7FFFFFFF
    NOTHING = -1
    TIMED_OUT = -2
    FAILED = -3                # a Python error is set

cdef struct Machine:
    const int32_t *code
    const uint8_t *sets
    Frame *frames
    int32_t *saved             # spans of the best match so far, while others are tried
    Memo *memos
    Known *known
    Code grammars
    const int32_t *return_bases
    uint64_t stamp             # a number for each run of code on a line, never 0
    uint64_t line_stamp        # a number for each line, never 0
    PyObject *ask              # what REGEX calls; borrowed
    Code table                 # the last TABLE so large that it is seldom in the nearest cache; NULL if there was none
    Py_ssize_t table_place     # where in a line it was met
    Py_ssize_t span_count      # how many numbers the spans of the last match have
    bint out_of_memory         # the memory for UNORDERED memos is used up: this line is left to another engine
    int64_t by_limit_total
    Text line
    Text line_end
    Text content_end           # without the spaces and tabs at the end of the line, which a pattern may leave to nobody
    Text readable              # memory may be read up to here: the end of the chunk


cdef inline int32_t return_number(Machine *m, int32_t number, int32_t least) noexcept nogil:
    # Code that variants share has numbers from -2 on downwards: there `least` is the variant.
    return number if number >= 0 else m.return_bases[least] - 2 - number


cdef int enter(Machine *m, Memo *memo, int kind, int32_t flags, int32_t place, int32_t *limit) noexcept nogil:
    # Free text is about to be extended from `place` to `limit` (offsets in the line): 0 if all of that is known to be in
    # vain; else 1, with `limit` lowered to what is not known, and from now on it is known.
    cdef int32_t *lowest
    cdef int32_t size, i
    if memo.stamp != m.stamp:
        memo.stamp = m.stamp
        memo.lowest = UNKNOWN
        memo.first = place
        memo.limit = limit[0]
        if flags & UNORDERED and kind != ANY and memo.by_limit != NULL:
            size = <int32_t>(m.line_end - m.line) + 1
            if size > memo.by_limit_room:
                m.by_limit_total -= memo.by_limit_room
                free(memo.by_limit)
                memo.by_limit = NULL
            else:
                LM_STEP(size >> 3)
                for i in range(size):
                    memo.by_limit[i] = UNKNOWN
    lowest = &memo.lowest
    if kind != ANY:
        if memo.limit != limit[0]:
            memo.limit = limit[0]
            memo.first = place
            memo.lowest = UNKNOWN
        elif place < memo.first:
            memo.first = place
        if flags & UNORDERED:
            if memo.by_limit == NULL:
                size = <int32_t>(m.line_end - m.line) + 1
                memo.by_limit_room = size if size >= 1024 else 1024
                if m.by_limit_total + memo.by_limit_room <= MOST_BY_LIMIT:
                    memo.by_limit = <int32_t *>malloc(<size_t>memo.by_limit_room * sizeof(int32_t))
                if memo.by_limit == NULL:
                    m.out_of_memory = True
                    return 0
                m.by_limit_total += memo.by_limit_room
                LM_STEP(size >> 3)
                for i in range(size):
                    memo.by_limit[i] = UNKNOWN
            # SAFETY: a limit is an offset within the line, its end included, and by_limit has size of line + 1 numbers.
            lowest = &memo.by_limit[limit[0]]
    if place >= lowest[0]:
        return 0
    if lowest[0] != UNKNOWN:
        limit[0] = lowest[0] - 1
    lowest[0] = place
    return 1


cdef int32_t ask(Machine *m, int32_t field, int32_t place) except FAILED with gil:
    # The end of the text of a `/regex/` field that begins at a place, NOTHING or TIMED_OUT.
    return (<object>m.ask)(field, place)


cdef bint extend(Machine *m, int32_t number, int32_t least, int kind, int32_t flags, Text from_, Text *limit) noexcept nogil:
    # `enter` for an instruction that a line has come to more than once; its number is as it stands in the code.
    cdef int32_t offset = <int32_t>(limit[0] - m.line)
    if not enter(m, &m.memos[return_number(m, number, least)], kind, flags, <int32_t>(from_ - m.line), &offset):
        return False
    limit[0] = m.line + offset
    return True
