# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""
Kernel: the loop over the lines of one chunk: bytes and integers in, integers out. It imports nothing of ours.

It runs a *machine*: code (32-bit words) that `native` makes of a program, one tree over the items of all variants. Each
instruction takes a piece of the line or fails. What can go on in several branches leaves a *frame* (a choice that is open);
a failure takes up the last frame. Where branches part, each says which variant is the best that can come of it; with that
number frames are dropped once a better variant has matched, and where the line ends it is the variant that matches.

The instructions begin with a word whose lowest byte is the operation and which holds a number or more above it:

    LITERAL n, n bytes                    these n bytes stand here
    TOKEN type, returns                   the longest text of a token type; whether a line may come here more than once
    WORDS k, (n, n bytes)*k               the first of these words, of which longer ones stand first
    GRAMMAR program, kind                 the text of a grammar: see `_grammar.pxi`; -1 where a line comes once
    LIST size, k, items                   the longest of k items, in `size` words: (kind, …) each, see `list_end`
    REGEX, field                          a `/regex/` field: asked of Python
    END                                   the line ends here, but for spaces and tabs
    SPLIT k, (least, target)*k            branches, each with its least variant number, in ascending order
    FORK which, set[8], (least, target)*2 SPLIT into two, of which one (0, 1) begins with literals: their first bytes as bits
    BYTE k, keys[16], (least, target)*k   where the next byte leads to; at most 16 keys
    BYTES, indices[256], (least, target)* the same for more: an index for each byte, 255 where it leads nowhere
    TABLE k, tables                       where the next k bytes lead to, 2 to 8 of them: see `slot_of`
    FIELDS k, type*k                      k words or tokens without whitespace in them, after each of them one space
    ANY_... flags, [return] …             text of the type `any`, and what follows it:
        ANY_END                               the end of the content: of the line without spaces and tabs at its end
        ANY_SUFFIX n, n bytes                 these bytes, which end the content
        ANY_LITERAL first last, n, n bytes    these bytes, then more instructions; the first and the last of them
        ANY_SWEEP sets                        anything else; `sets` says with which two bytes it can begin
    FREE_... flags kind, [return] …       other free text, the same, and:
        FREE_SPACE n, n bytes                 these bytes, of which the first is whitespace: where the text has to end

What stands after a comma is in words of its own; a number above the operation is 24 bits, and several are 8 bits each.
Bytes are packed into words, four each; after the code stand `PADDING` bytes, so that 16 can be read from any of them.
No variant number stands in the instructions of a branch that does not part any more, so that variants which end alike
share them: with thousands of templates the code stays small, and in the processor's cache.

Time for a line is bounded by (length of the line) x (size of the code), as `reference.walk` is and by the same
argument: where free text has once been extended to a position without success, it never is again. Since it is always
extended up to the end of what it may take, that memory is one number for each FREE instruction (`Memo`) and not one for
each byte.

What is made of a program (`Kernel`) is frozen and shared by threads. What a call writes to is its own: a `Scratch` from the
kernel's pool, and the `Table` that it fills. The parts of this module are in the `.pxi` files that it includes.
"""

cimport cython
from cpython.buffer cimport PyBUF_FORMAT, PyBUF_WRITABLE
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.ref cimport PyObject
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

cdef extern from "_simd.h" nogil:
    size_t lm_split(const uint8_t *p, size_t n, int32_t *ends, uint8_t *special, size_t room, size_t *done, int *rest)
    const uint8_t *lm_sweep(const uint8_t *p, const uint8_t *end, const uint8_t *sets, const uint8_t *readable)
    void lm_fill_rows(uint8_t *sets)
    const char *lm_choose()
    const uint8_t *lm_digits(const uint8_t *p, const uint8_t *end, const uint8_t *readable)
    uint64_t lm_spaces(const uint8_t *p, const uint8_t *readable)
    int lm_lowest(uint64_t mask)
    uint64_t lm_load64(const void *p)
    void lm_prefetch(const void *p)
    uint64_t lm_key(const uint8_t *p, int k, const uint8_t *readable)
    bint lm_equal(const uint8_t *p, const uint8_t *q, Py_ssize_t n, const uint8_t *q_readable)
    const uint8_t *lm_find(const uint8_t *p, const uint8_t *end, const uint8_t *needle, Py_ssize_t n, uint8_t first,
                           uint8_t last, const uint8_t *readable)
    const uint8_t *lm_find_space(const uint8_t *p, const uint8_t *end, const uint8_t *readable)
    Py_ssize_t lm_plain(const uint8_t *p, const uint8_t *end, const uint8_t *readable)
    int lm_index(const uint8_t *table, int k, uint8_t b)
    void LM_STEP(Py_ssize_t n)
    uint64_t LM_STEPS
    bint LM_LIKELY(bint x)
    bint LM_UNLIKELY(bint x)
    enum:
        LM_SETS_SIZE
        PATIENCE "LM_PATIENCE"              # after so many frames taken up in a line, dead positions are recorded
        PLENTY "LM_PLENTY"                  # how often scans of a kind may read the line until they get a table
        MOST_BY_LIMIT "LM_MOST_BY_LIMIT"    # how many numbers all `by_limit` and `places` may hold together (40 MiB of them)

cdef extern from "_times.h" nogil:
    bint lm_is_clock(const uint8_t *p)
    bint lm_is_date(const uint8_t *p, uint8_t separator)
    bint lm_is_joined_clock(const uint8_t *p)
    bint lm_is_month(const uint8_t *p)
    bint lm_is_day(const uint8_t *p)
    bint lm_is_zone(const uint8_t *p, int n)

SIMD = lm_choose().decode()
SETS_SIZE = LM_SETS_SIZE
PADDING = 64
MOST_BYTES = 0x7FFFFF00
"""How many bytes `Kernel.match` takes at once: offsets have 32 bits."""

include "_instructions.pxi"
include "_scanners.pxi"
include "_times.pxi"
include "_state.pxi"
include "_json.pxi"
include "_known.pxi"
include "_grammar.pxi"
include "_tokens.pxi"
include "_hash.pxi"
include "_machine.pxi"
include "_table.pxi"


def steps():
    """How many steps all lines have taken, in a build that counts them (LM_COUNT_STEPS); else 0."""
    return LM_STEPS


TIMED_OUT_RESULT = TIMED_OUT
"""What a `/regex/` field answers that took too long."""


cdef struct Regexed:
    # A variant with /regex/ fields: its number, its code, and two literals without which it does not match.
    int32_t number
    int32_t entry
    const uint8_t *begin        # with which the line begins
    Py_ssize_t begin_size
    const uint8_t *inside       # which stands in it
    Py_ssize_t inside_size


@cython.final
cdef class Scratch:
    """What the machine writes to while it matches lines: one call, and so one thread, has it at a time."""

    cdef Machine machine
    cdef int32_t *other_spans
    cdef Py_ssize_t memo_count, known_count
    cdef object regex               # answers for `/regex/` fields during one call

    def __cinit__(self, Kernel kernel):
        cdef Py_ssize_t fields = 2 * kernel.most_fields + 2
        self.memo_count = kernel.memo_count
        self.machine.code = <const int32_t *><const char *>kernel.code
        self.machine.sets = <const uint8_t *>kernel.sets
        self.machine.return_bases = <const int32_t *><const char *>kernel.bases_of
        self.machine.frames = <Frame *>calloc(<size_t>kernel.most_frames + 1, sizeof(Frame))
        self.machine.saved = <int32_t *>calloc(<size_t>fields, sizeof(int32_t))
        self.other_spans = <int32_t *>calloc(<size_t>fields, sizeof(int32_t))
        self.machine.memos = <Memo *>calloc(<size_t>self.memo_count + 1, sizeof(Memo))
        self.known_count = kernel.known_count
        self.machine.known = <Known *>calloc(<size_t>self.known_count, sizeof(Known))
        self.machine.grammars = <const int32_t *><const char *>kernel.grammars
        if (
            self.machine.frames == NULL or self.machine.saved == NULL or self.other_spans == NULL
            or self.machine.memos == NULL or self.machine.known == NULL
        ):
            raise MemoryError

    def __dealloc__(self):
        cdef Py_ssize_t i
        free(self.machine.frames)
        free(self.machine.saved)
        free(self.other_spans)
        if self.machine.memos != NULL:
            for i in range(self.memo_count):
                free(self.machine.memos[i].by_limit)
        if self.machine.known != NULL:
            for i in range(self.known_count):
                free(self.machine.known[i].places)
        free(self.machine.memos)
        free(self.machine.known)


@cython.final
cdef class Kernel:
    """
    The code of a program, frozen: any number of threads may match with it at once.

    Args:
        code: instructions, with `PADDING` bytes after them.
        entry: where the tree begins, as a word of the code; -1 if there is none.
        entry_least: the least variant number in it.
        sets: those of SWEEP instructions, `SETS_SIZE` bytes each, of which the last are filled in here.
        grammars: the code of GRAMMAR instructions.
        field_counts: for each variant how many fields it has; 32-bit words.
        most_fields: how many fields a path through the code can have.
        most_frames: how many frames it can leave open.
        return_count: how many memos there are.
        return_bases: for each variant the number of the first of its own, as 32-bit words.
        kind_count: how many kinds of scans there are, those of tokens included.
        regex_entries: (variant number, where its code begins, the literal that it begins with, another literal of it), in
            the order of precedence, for each variant with `/regex/` fields.
        other_match: called with a line for which the memory of visited places would take too much: gives its variant
            number and the flat spans, or None.
    """

    cdef bytes code, sets, grammars
    cdef int32_t entry, entry_least
    cdef Py_ssize_t variant_count, most_fields, most_frames, memo_count, known_count
    cdef bytes fields_of           # the memory of field_counts
    cdef const int32_t *field_counts
    cdef bytes bases_of
    cdef bytes regex_texts          # the literals of `regexed`, with PADDING after
    cdef Regexed *regexed
    cdef Py_ssize_t regex_count
    cdef object other_match
    cdef list pool                  # of Scratch that no call is using

    def __cinit__(
        self, bytes code, int32_t entry, int32_t entry_least, bytes sets, bytes grammars, *, bytes field_counts,
        Py_ssize_t most_fields, Py_ssize_t most_frames, Py_ssize_t return_count, bytes return_bases,
        Py_ssize_t kind_count, list regex_entries, other_match
    ):
        cdef Py_ssize_t i
        if len(code) % 4 or len(sets) % LM_SETS_SIZE or len(code) > 0x7FFFFFFF:
            raise ValueError("code or sets have a wrong size")
        self.code = code
        self.grammars = grammars
        self.sets = bytes(bytearray(sets))      # a copy of our own: its rows are filled in
        for i in range(len(sets) // LM_SETS_SIZE):
            lm_fill_rows(<uint8_t *><const uint8_t *>self.sets + i * LM_SETS_SIZE)
        self.entry = entry
        self.entry_least = entry_least
        self.variant_count = len(field_counts) // 4
        self.fields_of = field_counts
        self.field_counts = <const int32_t *><const char *>self.fields_of
        self.most_fields = most_fields
        self.most_frames = most_frames
        self.memo_count = return_count
        self.known_count = kind_count
        self.bases_of = return_bases
        self.regex_texts = b"".join([begin + inside for _, _, begin, inside in regex_entries]) + bytes(PADDING)
        self.regex_count = len(regex_entries)
        self.regexed = <Regexed *>calloc(<size_t>self.regex_count + 1, sizeof(Regexed))
        if self.regexed == NULL:
            raise MemoryError
        self.set_regexed(regex_entries)
        self.other_match = other_match
        self.pool = []

    def __dealloc__(self):
        free(self.regexed)

    def match(self, Table table not None, regex=None):
        """
        Match the lines of *table*; without the GIL, but for lines that a `/regex/` field may match.

        Args:
            regex: answers for these fields: `begin(line)`, then for each variant `fields(number)` gives a function, or None
                when the variant is not to be tried; called with the number of a field and a place, the function gives
                the end of the field's text, -1, or -2 when it took too long.
        """
        cdef Scratch scratch
        table.claim()
        scratch = self.take(regex)
        try:
            with nogil:
                self.match_lines(scratch, table)
        finally:
            self.give_back(scratch)

    def match_line(self, const uint8_t[::1] line not None, regex=None):
        """Match one line: its variant number and the flat spans of its fields, or None. The GIL is kept."""
        cdef uint8_t nothing = 0
        cdef const uint8_t *text = &nothing
        cdef int32_t number
        cdef int32_t[64] few
        cdef int32_t *room = few
        cdef Py_ssize_t i, fields = 2 * self.most_fields + 2
        cdef Scratch scratch
        if line.shape[0] > MOST_BYTES:
            return self.other_match(bytes(line))
        if line.shape[0]:
            text = &line[0]
        if fields > 64:
            room = <int32_t *>malloc(<size_t>fields * sizeof(int32_t))
            if room == NULL:
                raise MemoryError
        scratch = self.take(regex)
        try:
            number = self.match_one(scratch, text, text + line.shape[0], text + line.shape[0], room)
            if number < 0:
                return None
            return number, tuple([room[i] for i in range(scratch.machine.span_count)])
        finally:
            self.give_back(scratch)
            if room != few:
                free(room)

    cdef Scratch take(self, regex):
        cdef Scratch scratch
        # Only one thread runs Python at a time: no other comes between the question and the answer.
        scratch = <Scratch>self.pool.pop() if self.pool else Scratch(self)
        scratch.regex = regex
        return scratch

    cdef int give_back(self, Scratch scratch) except -1:
        scratch.regex = None
        self.pool.append(scratch)
        return 0

    cdef int match_lines(self, Scratch scratch, Table table) except -1 nogil:
        cdef Machine *m = &scratch.machine
        cdef Columns *columns = &table.columns
        cdef Text text = table.text, readable = table.readable
        cdef Py_ssize_t i, count = table.line_count, used = 0
        cdef int32_t number
        cdef const int32_t *begins = columns.line_begins
        cdef const int32_t *ends = columns.line_ends
        cdef Text line, line_end
        for i in range(count):
            make_room_for_spans(columns, used + 2 * self.most_fields + 2)
            if m.table != NULL and i + AHEAD < count:
                # Many lines have beginnings of the same length: perhaps the TABLE is met at the same place in that line.
                line = text + begins[i + AHEAD] + m.table_place
                if readable - line >= 8:
                    lm_prefetch(slot_of(m.table, lm_key(line, m.table[0] >> 8 & 0xF, readable)))
            line = text + begins[i]
            line_end = text + ends[i]
            columns.span_begins[i] = <int32_t>used
            number = self.match_one(scratch, line, line_end, readable, columns.spans + used)
            columns.variant_numbers[i] = number
            if number >= 0:
                used += m.span_count
        if count:
            columns.span_begins[count] = <int32_t>used
        table.span_count = used
        return 0

    cdef int32_t match_one(
        self, Scratch scratch, Text line, Text line_end, Text readable, int32_t *spans
    ) except -3 nogil:
        # The number of the variant that matches, or -1.
        cdef Machine *m = &scratch.machine
        cdef int32_t number = UNKNOWN
        cdef Py_ssize_t i
        m.line = line
        m.line_end = line_end
        while line_end > line and CLASS[(line_end - 1)[0]] & SPACE:
            line_end -= 1
        m.content_end = line_end
        m.readable = readable
        m.stamp += 1
        m.line_stamp = m.stamp
        m.out_of_memory = False
        if self.entry >= 0:
            number = run(m, self.entry, self.entry_least, UNKNOWN, spans)
        if self.regex_count:
            i = self.next_regexed(m, 0, number)
            if i < self.regex_count:
                with gil:
                    number = self.match_regex(scratch, i, number, spans)
        if m.out_of_memory:
            with gil:
                number = self.match_elsewhere(m, spans)
        return NOTHING if number == UNKNOWN else number

    cdef int set_regexed(self, list regex_entries) except -1:
        cdef Regexed *each = self.regexed
        cdef const uint8_t *text = <const uint8_t *><const char *>self.regex_texts
        for number, entry, begin, inside in regex_entries:
            each.number = number
            each.entry = entry
            each.begin = text
            each.begin_size = len(begin)
            each.inside = text + each.begin_size
            each.inside_size = len(inside)
            text += each.begin_size + each.inside_size
            each += 1
        return 0

    cdef Py_ssize_t next_regexed(self, Machine *m, Py_ssize_t i, int32_t best) noexcept nogil:
        # Which variant with /regex/ fields, from the i-th on, could match the line and precedes `best`; regex_count if none.
        cdef Regexed *each
        cdef Py_ssize_t n
        while i < self.regex_count:
            each = &self.regexed[i]
            if each.number >= best:
                return self.regex_count
            n = each.inside_size
            # SAFETY: both literals are in regex_texts, with PADDING after.
            if (
                each.begin_size <= m.line_end - m.line
                and memcmp(<const char *>each.begin, <const char *>m.line, <size_t>each.begin_size) == 0
                and (
                    n == 0
                    or lm_find(m.line, m.line_end, each.inside, n, each.inside[0], each.inside[n - 1], m.readable) != NULL
                )
            ):
                return i
            i += 1
        return i

    cdef int32_t match_regex(self, Scratch scratch, Py_ssize_t i, int32_t best, int32_t *spans) except FAILED:
        # Variants with /regex/ fields, of which each has code of its own, from the i-th on, that precede `best`, in order.
        cdef Machine *m = &scratch.machine
        cdef Regexed *each
        cdef int32_t found
        regex = scratch.regex
        regex.begin(PyBytes_FromStringAndSize(<const char *>m.line, m.line_end - m.line))
        while i < self.regex_count:
            each = &self.regexed[i]
            fields = regex.fields(each.number)
            if fields is not None:
                m.ask = <PyObject *>fields
                m.stamp += 1
                found = run(m, each.entry, each.number, best, scratch.other_spans)     # spans hold the match of `best`
                m.ask = NULL
            else:
                found = best
            if found < best:
                memcpy(spans, scratch.other_spans, <size_t>m.span_count * sizeof(int32_t))
                return found
            i = self.next_regexed(m, i + 1, best)
        return best

    cdef int32_t match_elsewhere(self, Machine *m, int32_t *spans) except FAILED:
        cdef Py_ssize_t i
        found = self.other_match(PyBytes_FromStringAndSize(<const char *>m.line, m.line_end - m.line))
        if found is None:
            return UNKNOWN
        number, places = found
        m.span_count = 2 * self.field_counts[<int32_t>number]
        if len(places) != m.span_count:
            raise ValueError("the spans are not those of the variant")
        for i in range(len(places)):
            spans[i] = places[i]
        return number
