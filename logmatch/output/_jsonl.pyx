# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""
Encode: columns of matches in, JSON Lines out: the native side of `jsonl`.

What records look like comes from `jsonl`: what is the same for each record of a variant, once (`Encoder.bodies`); what is
left for a line is to copy these pieces and the texts between them. A line without a byte that JSON escapes or that could
be wrong in UTF-8 (the kernel has looked) is copied as it is; in others such bytes are looked for 16 at a time, run by run.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_FillInfo, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memmove, memset

from logmatch.engine.native._kernel import Table

cdef extern from "_simd.h" nogil:
    void lm_copy(uint8_t *to, const uint8_t *from_, Py_ssize_t n, const uint8_t *readable)
    Py_ssize_t lm_plain(const uint8_t *p, const uint8_t *end, const uint8_t *readable)
    uint64_t lm_key(const uint8_t *p, int k, const uint8_t *readable)
    void lm_prefetch(const void *p)
    bint LM_LIKELY(bint x)

ctypedef const uint8_t *Text

include "_text.pxi"
include "_pairs.pxi"
include "_values.pxi"
include "_lines.pxi"
include "_entry_columns.pxi"


cdef enum:
    AHEAD = 12      # how many lines ahead leads are fetched
    LEAD = 52       # so that a lead of usual length takes one line of the processor's cache
    SLACK = 64      # lm_copy may write 31 bytes more than it is told
    MOST_KEY = 32   # bytes of a key with its punctuation
    KEYS = 256      # bytes of all keys, numbers and punctuation of a record that are not its variant's
    ESCAPED = 6     # bytes that one byte of a text becomes at most: \\u001b


@cython.final
cdef class Memory:
    """Bytes that a memoryview keeps alive."""

    cdef uint8_t *data
    cdef Py_ssize_t room
    cdef Py_ssize_t views       # how many buffers of it are in use; as long as there are any, it must not move

    def __dealloc__(self):
        free(self.data)

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        PyBuffer_FillInfo(buffer, self, self.data, self.room, 1, flags)
        self.views += 1

    def __releasebuffer__(self, Py_buffer *buffer):
        self.views -= 1


@cython.final
cdef class Output:
    """
    Records on their way out: bytes that grow.

    They are written into *space* (`begin`) as long as they fit, and then into memory of its own, which is kept for later.
    """

    cdef uint8_t *data          # of the space, or of the memory
    cdef Py_ssize_t size, room
    cdef Memory memory
    cdef object space

    def __cinit__(self):
        self.memory = Memory()

    def begin(self, space=None):
        """Forget what was written. What `view` gave stays as it is."""
        cdef uint8_t[::1] memory
        if self.memory.views:
            self.memory = Memory()
        self.size = 0
        self.space = space
        if space is not None and len(space):
            memory = space
            self.data = &memory[0]
            self.room = memory.shape[0]
        else:
            self.data = self.memory.data
            self.room = self.memory.room

    def view(self):
        """What has been written since `begin`, as a memoryview: of the space, if it fitted in there."""
        if self.size == 0:
            return memoryview(b"")
        if self.data == self.memory.data:
            return memoryview(self.memory)[: self.size]
        return memoryview(self.space)[: self.size]

    def add(self, const uint8_t[::1] record not None):
        """Write a record that was made elsewhere."""
        cdef Py_ssize_t n = record.shape[0]
        if n:
            self.make_room(n)
            memcpy(self.data + self.size, &record[0], <size_t>n)
            self.size += n

    cdef int make_room(self, Py_ssize_t more) except -1 nogil:
        # Room for `more` bytes after those that are written, and for SLACK.
        cdef Py_ssize_t room = self.size + more + SLACK
        cdef uint8_t *moved
        if room <= self.room:
            return 0
        if self.memory.views:
            with gil:
                raise BufferError("records are added to what is being looked at")
        if room <= self.memory.room and self.data != self.memory.data:
            # The space is too small; the memory that was needed for another one will do.
            memcpy(self.memory.data, self.data, <size_t>self.size)
            self.data = self.memory.data
            self.room = self.memory.room
            return 0
        if room < 2 * self.memory.room:
            room = 2 * self.memory.room
        if room < 1 << 16:
            room = 1 << 16
        moved = <uint8_t *>realloc(self.memory.data, <size_t>room)
        if moved == NULL:
            with gil:
                raise MemoryError
        if self.data != NULL and self.data != self.memory.data:
            memcpy(moved, self.data, <size_t>self.size)
        self.data = self.memory.data = moved
        self.room = self.memory.room = room
        return 0


cdef struct Digits:
    # A number in decimal, the last digit at bytes[23]; 16 may be read from any of them.
    uint8_t bytes[48]
    int first


cdef void set_digits(Digits *digits, unsigned long long number) noexcept nogil:
    memset(digits.bytes, c'0', 48)
    digits.first = 24
    while True:
        digits.first -= 1
        digits.bytes[digits.first] = <uint8_t>(c'0' + number % 10)
        number //= 10
        if number == 0:
            break


cdef inline void increment(Digits *digits) noexcept nogil:
    cdef int i = 23
    while digits.bytes[i] == c'9':
        digits.bytes[i] = c'0'
        i -= 1
    digits.bytes[i] += 1    # in front of the first digit stands '0'
    if i < digits.first:
        digits.first = i


cdef inline uint8_t *put_digits(uint8_t *to, Digits *digits) noexcept nogil:
    memcpy(to, digits.bytes + digits.first, 24)     # SAFETY: SLACK; 24 + 24 bytes
    return to + (24 - digits.first)


include "_stamp.pxi"


cdef struct Lead:
    # What comes before the first value of a variant's records: the only thing that its records share with no others.
    int32_t body            # its place in `Encoder.bodies`, and 1 more; 0 before it is known
    int32_t size            # bytes
    int32_t elsewhere       # if they are more than LEAD: where they are, in `Encoder.bodies`
    uint8_t text[LEAD]


cdef uint8_t *put_count(uint8_t *to, const Key *key, int64_t count) noexcept nogil:
    cdef Digits digits
    set_digits(&digits, <unsigned long long>count)
    return put_digits(put_key(to, key), &digits)


cdef inline uint8_t *put_line_time(uint8_t *to, int form, const Lines *lines, Py_ssize_t i, Stamp *stamp) noexcept nogil:
    if lines.nanoseconds == NULL:
        return put_time(to, form, 0, 0, 0, stamp)
    return put_time(to, form, lines.nanoseconds[i], lines.states[i], lines.digits[i], stamp)


cdef inline Py_ssize_t most_bytes_of(const Entries *entries, Py_ssize_t i, const int32_t *ends) noexcept nogil:
    # How many bytes at most `put_entry` writes for the i-th.
    return 2 * KEYS + ESCAPED * (entries.more_ends[i] - ends[i]) + entries.input_ends[i] - entries.input_begins[i]


cdef inline uint8_t *opened(uint8_t *start, uint8_t *to) noexcept nogil:
    # The record from *start* to *to*, which begins with the comma before its first key, or has none, as an object.
    if start[0] == c',':
        start[0] = c'{'
        return to
    memmove(start + 1, start, <size_t>(to - start))     # SAFETY: KEYS has room for one byte more
    start[0] = c'{'
    return to + 1


@cython.final
cdef class Encoder:
    """
    Writes the records of the lines of `engine.matches.Matches`.

    Args:
        field_counts: for each variant how many fields it has; 32-bit words.
        body_of: called with a variant number: gives the bytes before its first value, and for each value (index of the
            field, its `value_plan.ValuePlan`, what stands after it). Asked once for each variant that occurs.
        raw: whether matched records have the line too (unmatched ones always have).
        offsets: whether records have the offset of the line.
        entries: whether lines may come with entries.
        time_form: the place of the form of times among `record_options.TimeForm`, from 1; 0: records have no times.
        numbered, raw_unmatched: whether records have the number of the line, and unmatched ones the line.
        safe_numbers: whether numbers that no double holds are written as text; `numbers_as_text` counts them.
        drop_blank: whether unmatched lines that hold nothing but spaces and tabs have no record.
        no_template and those after it: what `record_options` calls so.
    """

    cdef object body_of
    cdef bint raw, offsets, safe_numbers, drop_blank
    cdef bint has_tails             # whether something may come after the values
    cdef int time_form
    cdef bint numbered              # whether records have the number of the line
    cdef bint raw_unmatched
    cdef public Py_ssize_t numbers_as_text
    # A lead for each variant, and after that a body, which variants share whose values and names are alike: with thousands
    # of variants they take up much less of the caches than whole records would.
    cdef Lead *leads            # on a multiple of 64 bytes in leads_memory; one more than there are variants
    cdef void *leads_memory
    # Bodies, in words: how many values, bytes in all pieces; then for each value its field, kind, bytes left off at the
    # beginning (beyond NUMBER: its place in `plans`) and the end, length of the piece after it, its bytes. Long leads are
    # here too.
    cdef int32_t *bodies
    cdef Py_ssize_t body_size, body_room      # in words
    cdef dict body_of_values
    cdef list makers
    cdef Plan *plans
    cdef int32_t plan_count
    cdef list texts                 # the memory of the texts of options
    cdef Pairs pairs                # of the text at hand
    cdef Py_ssize_t variant_count
    cdef bytes field_counts_of      # the memory of field_counts
    cdef const int32_t *field_counts
    cdef Key no_template, raw_key, offset_key, lines_key, more_key, truncated, input_key, bytes_key
    cdef tuple keys                 # the memory of these

    def __cinit__(
        self, bytes field_counts, body_of, *, bint raw, bint offsets, bint entries, int time_form, bint numbered,
        bint raw_unmatched, bint safe_numbers, bint drop_blank, bytes no_template, bytes raw_key, bytes offset_key,
        bytes lines_key, bytes more_key, bytes truncated, bytes input_key, bytes bytes_key
    ):
        cdef Py_ssize_t variant_count = len(field_counts) // 4
        self.variant_count = variant_count
        self.field_counts_of = field_counts
        self.field_counts = <const int32_t *><const char *>self.field_counts_of
        self.keys = (
            no_template, raw_key + b'"', offset_key, lines_key, more_key + b'"', truncated, input_key, bytes_key
        )
        if max(map(len, self.keys)) > MOST_KEY:
            raise ValueError("a key is too long")
        set_key(&self.no_template, self.keys[0])
        set_key(&self.raw_key, self.keys[1])
        set_key(&self.offset_key, self.keys[2])
        set_key(&self.lines_key, self.keys[3])
        set_key(&self.more_key, self.keys[4])
        set_key(&self.truncated, self.keys[5])
        set_key(&self.input_key, self.keys[6])
        set_key(&self.bytes_key, self.keys[7])
        self.has_tails = raw or offsets or entries
        self.body_of = body_of
        self.raw = raw
        self.offsets = offsets
        self.time_form = time_form
        self.numbered = numbered
        self.raw_unmatched = raw_unmatched
        self.safe_numbers = safe_numbers
        self.drop_blank = drop_blank
        self.body_room = 1 << 10
        self.bodies = <int32_t *>malloc(<size_t>self.body_room * sizeof(int32_t))
        self.leads_memory = calloc(<size_t>(variant_count + 2), sizeof(Lead))
        if self.bodies == NULL or self.leads_memory == NULL:
            raise MemoryError
        self.leads = <Lead *>((<uintptr_t>self.leads_memory + 63) & ~<uintptr_t>63)
        self.body_of_values = {}
        self.makers = []
        self.texts = []
        self.pairs.seed = <uint64_t>hash(b"pairs")

    def __dealloc__(self):
        cdef int32_t number
        free(self.bodies)
        free(self.leads_memory)
        for number in range(self.plan_count):
            free(self.plans[number].options)
        free(self.plans)
        free_pairs(&self.pairs)

    def encode(
        self, matches, *, bytes beginning, unsigned long long first_line, unsigned long long offset,
        Output records, Output unmatched, entries=None, tuple errors=(), times=None, keep=None
    ):
        """
        Write the records of the lines of *matches* after those that are in the outputs; return how many U+FFFD they have
        in place of bytes that are not UTF-8.

        Args:
            beginning: what comes before the number of the line.
            offset: of the data in its file.
            records: where those of matched lines go; None: they are dropped.
            unmatched: where those of unmatched lines go; it may be *records*; None: they are dropped.
            entries: what the lines are, `entries.Entries`; None: one physical line each.
            errors: for each state of an entry what a record has of it, if it is an error.
            times: see `Batch.times`; without them the records of a form with times have none.
            keep: see `Batch.keep`.

        Raises:
            ValueError: the columns are not those of matches.
        """
        cdef Py_ssize_t count = matches.line_count
        cdef Py_buffer[MOST_COLUMNS] buffers
        cdef int held = 0
        cdef Lines lines
        cdef Py_ssize_t replaced = 0
        cdef const uint8_t *head = <const uint8_t *><const char *>beginning
        cdef Py_ssize_t head_size = len(beginning)
        cdef EntryBuffers of_entries = None
        cdef Entries *entries_columns = NULL
        if count == 0:
            return 0
        if entries is not None:
            if not self.has_tails:
                raise ValueError("this encoder was not made for entries")
            of_entries = EntryBuffers(entries, count, errors)
        try:
            hold_columns(matches, times, keep, buffers, &held)
            set_lines(&lines, buffers, count, type(matches) is Table, times is not None, keep is not None)
            if of_entries is not None:
                entries_columns = &of_entries.columns
                if not are_of_lines(entries_columns, &lines):
                    raise ValueError("the entries are not those of the lines")
            with nogil:
                replaced = self.encode_lines(
                    &lines, entries_columns, head, head_size, first_line, offset, records, unmatched
                )
            return replaced
        finally:
            while held:
                held -= 1
                PyBuffer_Release(&buffers[held])

    cdef Py_ssize_t encode_lines(
        self, const Lines *lines, const Entries *entries, const uint8_t *head, Py_ssize_t head_size,
        unsigned long long first_line, unsigned long long offset, Output records, Output unmatched
    ) except -1 nogil:
        cdef Digits number
        cdef Py_ssize_t i, size, bound, replaced = 0
        cdef Text text = lines.text, readable = lines.text + lines.size
        cdef Text line, line_end
        cdef uint8_t *to
        cdef int32_t variant
        cdef const int32_t *body
        cdef const Lead *lead
        cdef bint special
        cdef Py_ssize_t count = lines.count
        cdef const int32_t *begins = lines.begins
        cdef const int32_t *ends = lines.ends
        cdef const int32_t *numbers = lines.numbers
        cdef const int32_t *span_begins = lines.span_begins
        cdef const int32_t *spans = lines.spans
        cdef const uint8_t *needs_escape = lines.needs_escape
        cdef unsigned long long place
        cdef int time_form = self.time_form
        cdef const uint8_t *keep = lines.keep
        cdef Stamp stamp
        begin_stamp(&stamp)
        set_digits(&number, first_line)
        for i in range(count):
            line = text + begins[i]
            line_end = text + ends[i]
            size = line_end - line
            if i + AHEAD < count and numbers[i + AHEAD] >= 0:
                # With thousands of variants a lead is seldom in the nearest cache: fetch it while others are copied.
                lm_prefetch(&self.leads[numbers[i + AHEAD]])
            special = needs_escape[i]
            variant = numbers[i]
            place = offset + <unsigned long long>begins[i]
            if entries != NULL:
                place = offset + <unsigned long long>entries.offset_deltas[i]
                if i == 0 or entries.line_deltas[i] != entries.line_deltas[i - 1] + 1:
                    set_digits(&number, first_line + <unsigned long long>entries.line_deltas[i])
                if entries.states[i] >= FIRST_ERROR:
                    variant = -1
            if keep != NULL and keep[i] == 0:
                increment(&number)
                continue
            # SAFETY: bound is how many bytes are written at most: each byte of the line stands in at most one field and once
            # in "raw", and becomes at most ESCAPED bytes; a number gets at most one digit more.
            if variant >= 0:
                if records is None:
                    increment(&number)
                    continue
                if variant >= self.variant_count or span_begins[i + 1] - span_begins[i] != 2 * self.field_counts[variant]:
                    with gil:
                        raise ValueError("the matches are those of another program")
                lead = &self.leads[variant]
                if lead.body == 0:
                    self.add_body(variant)
                body = self.bodies + lead.body - 1
                bound = head_size + KEYS + lead.size + body[1] + 8 * body[0]
                bound += (ESCAPED if special else 1) * size * (2 if self.raw else 1)
                if self.safe_numbers:
                    bound += 2 * body[0]    # quotes
                if entries != NULL:
                    bound += most_bytes_of(entries, i, ends)
                records.make_room(bound)
                to = records.data + records.size
                memcpy(to, head, <size_t>head_size)
                to = put_digits(to + head_size, &number) if self.numbered else to + head_size
                if entries != NULL and entries.line_counts[i] > 1:
                    to = put_count(to, &self.lines_key, entries.line_counts[i])
                if time_form:
                    to = put_line_time(to, time_form, lines, i, &stamp)
                to = self.put_lead(to, lead)
                to = self.put_body(records, to, body, bound, line, spans + span_begins[i], special, readable, &replaced)
                if self.has_tails:
                    to = self.put_tail(to, line, line_end, self.raw, special, entries, i, place, readable, &replaced)
                if head_size == 0:
                    to = opened(records.data + records.size, to)
                records.size = to - records.data
            elif unmatched is not None and not (self.drop_blank and is_blank(line, line_end)):
                bound = head_size + KEYS + (ESCAPED if special else 1) * size
                if entries != NULL:
                    bound += most_bytes_of(entries, i, ends)
                unmatched.make_room(bound)
                to = unmatched.data + unmatched.size
                memcpy(to, head, <size_t>head_size)
                to = put_digits(to + head_size, &number) if self.numbered else to + head_size
                if entries != NULL and entries.line_counts[i] > 1:
                    to = put_count(to, &self.lines_key, entries.line_counts[i])
                if time_form:
                    to = put_line_time(to, time_form, lines, i, &stamp)
                to = put_key(to, &self.no_template)
                if entries != NULL and entries.states[i] >= FIRST_ERROR:
                    to = put_key(to, &entries.errors[entries.states[i]])
                    if entries.states[i] == TOO_LONG_STATE:
                        to = put_count(to, &self.bytes_key, entries.sizes[i])
                to = self.put_tail(to, line, line_end, self.raw_unmatched, special, entries, i, place, readable, &replaced)
                if head_size == 0:
                    to = opened(unmatched.data + unmatched.size, to)
                unmatched.size = to - unmatched.data
            increment(&number)
        return replaced

    cdef inline uint8_t *put_lead(self, uint8_t *to, const Lead *lead) noexcept nogil:
        if lead.size <= LEAD:
            memcpy(to, lead.text, LEAD)     # SAFETY: SLACK. Not a byte of the next lead, which is not in the cache.
        else:
            memcpy(to, self.bodies + lead.elsewhere, <size_t>lead.size)
        return to + lead.size

    cdef inline uint8_t *put_body(
        self, Output records, uint8_t *to, const int32_t *body, Py_ssize_t bound, Text line, const int32_t *spans, bint special,
        Text readable, Py_ssize_t *replaced
    ) except NULL nogil:
        # `bound` is how many bytes all of it takes at most, but for what is MADE.
        cdef const uint8_t *pieces_readable = <const uint8_t *>(self.bodies + self.body_room)
        cdef int32_t count = body[0], n
        cdef Text p, end
        cdef uint8_t *value
        body += 2
        while count > 0:
            # SAFETY: body[0] is an index below the number of fields of this variant (add_body), and spans has all of them.
            p = line + spans[2 * body[0]]
            end = line + spans[2 * body[0] + 1]
            if LM_LIKELY(body[1] <= NUMBER):
                p += body[2]
                end -= body[3]
                if end < p:
                    end = p     # the columns are another's, and a text is shorter than what is left off
                if body[1] == NUMBER:
                    value = to
                    if c'1' <= p[0] <= c'9':
                        lm_copy(to, p, end - p, readable)
                        to += end - p
                    else:
                        to = put_number(to, p, end, readable)
                    to = self.put_safe(value, to)
                elif special:
                    to = put_string(to, p, end, readable, replaced)
                else:
                    lm_copy(to, p, end - p, readable)
                    to += end - p
            else:
                to = self.put_value(
                    records, to, &self.plans[body[2]], False, bound, p, end, special, readable, replaced
                )
            n = body[4]
            lm_copy(to, <const uint8_t *>(body + 5), n, pieces_readable)
            to += n
            body += 5 + ((n + 3) >> 2)
            count -= 1
        return to

    cdef inline uint8_t *put_safe(self, uint8_t *start, uint8_t *to) noexcept nogil:
        # The number that has been written from *start* on, as text if that is safer.
        if self.safe_numbers and not fits_double(start, to):
            self.numbers_as_text += 1
            return quoted(start, to)
        return to

    cdef uint8_t *put_value(
        self, Output records, uint8_t *to, const Plan *plan, bint in_quotes, Py_ssize_t bound, Text p, Text end, bint special,
        Text readable, Py_ssize_t *replaced
    ) except NULL nogil:
        # A value of any kind; strings with their quotes if those are not among the pieces.
        cdef int32_t kind = plan.kind
        cdef uint8_t *start = to
        if kind <= NUMBER:
            p += plan.left
            end -= plan.right
            if end < p:
                end = p
        if kind == TEXT or kind == CSV:
            if in_quotes:
                to[0] = c'"'
                to += 1
            if kind == CSV:
                to = put_csv(to, p, end, special, readable, replaced)
            elif special:
                to = put_string(to, p, end, readable, replaced)
            else:
                lm_copy(to, p, end - p, readable)
                to += end - p
            if in_quotes:
                to[0] = c'"'
                to += 1
            return to
        if kind == NUMBER:
            return self.put_safe(start, put_number(to, p, end, readable))
        if kind == DECIMAL:
            return self.put_safe(start, put_decimal(to, p, end))
        if kind == VERBATIM:
            return put_verbatim(to, p, end, special, readable, replaced)
        if kind == PAIRS:
            return self.put_pairs(records, to, &plan.marks, bound, p, end, special, readable, replaced)
        if kind == LIST:
            return self.put_option(records, to, plan, bound, p, end, special, readable, replaced)
        if kind != MADE:
            records.size = to - records.data
            records.make_room(MOST_DIGITS + (end - p) + bound)
            start = records.data + records.size
            to = put_duration(start, p, end) if kind == DURATION else put_size(start, p, end)
            if to != NULL:
                return self.put_safe(start, to)
            to = start
        return self.put_made(records, to, plan.maker, bound, p, end, replaced)

    cdef uint8_t *put_option(
        self, Output records, uint8_t *to, const Plan *plan, Py_ssize_t bound, Text p, Text end, bint special, Text readable,
        Py_ssize_t *replaced
    ) except NULL nogil:
        # As `field_type.ListValue` makes it.
        cdef const PlannedOption *option
        cdef int32_t i
        cdef bint is_null = plan.nullable and is_dash(p, end)
        for i in range(0 if is_null else plan.option_count):
            option = &plan.options[i]
            if is_taken(option, p, end):
                if not (plan.nullable and is_dash_in_quotes(&option.plan, p, end)):
                    return self.put_value(
                        records, to, &option.plan, option.in_quotes, bound, p, end, special, readable, replaced
                    )
                is_null = True
                break
        if is_null:
            memcpy(to, b"null", 4)
            return to + 4
        return self.put_made(records, to, plan.maker, bound, p, end, replaced)

    cdef uint8_t *put_pairs(
        self, Output records, uint8_t *to, const Marks *marks, Py_ssize_t bound, Text p, Text end, bint special, Text readable,
        Py_ssize_t *replaced
    ) except NULL nogil:
        # As `pair_grammar.PairForm.convert` makes it; the text is one of pairs.
        cdef Py_ssize_t i
        cdef const Pair *pair
        cdef bint begun = False
        find_pairs(&self.pairs, marks, p, end, readable)
        # SAFETY: each byte of the text becomes at most ESCAPED bytes, and a pair has six more.
        records.size = to - records.data
        records.make_room((ESCAPED if special else 1) * (end - p) + 6 * self.pairs.count + bound)
        to = records.data + records.size
        to[0] = c'{'
        to += 1
        for i in range(self.pairs.count):
            pair = &self.pairs.items[i]
            if pair.last < 0:
                continue
            if begun:
                to[0] = c','
                to += 1
            begun = True
            to = put_quoted(to, pair.key, pair.key_end, special, readable, replaced)
            to[0] = c':'
            pair = &self.pairs.items[pair.last]
            to = put_quoted(to + 1, pair.value, pair.value_end, special, readable, replaced)
        to[0] = c'}'
        return to + 1

    cdef int32_t add_plan(self, value) except -1:
        cdef void *moved = realloc(self.plans, <size_t>(self.plan_count + 1) * sizeof(Plan))
        if moved == NULL:
            raise MemoryError
        self.plans = <Plan *>moved
        self.fill_plan(&self.plans[self.plan_count], value)
        self.plan_count += 1
        return self.plan_count - 1

    cdef int fill_plan(self, Plan *plan, value) except -1:
        cdef PlannedOption *option
        memset(plan, 0, sizeof(Plan))
        plan.kind = KINDS[value.kind]
        plan.left = value.left
        plan.right = value.right
        plan.maker = <int32_t>len(self.makers)
        self.makers.append(value.maker)
        if plan.kind == PAIRS:
            set_marks(&plan.marks, value.separator, value.assign)
        plan.nullable = value.nullable
        if value.options:
            plan.options = <PlannedOption *>calloc(len(value.options), sizeof(PlannedOption))
            if plan.options == NULL:
                raise MemoryError
        for each in value.options:
            # SAFETY: the text stays where it is as long as `texts` holds it.
            self.texts.append(each.text)
            option = &plan.options[plan.option_count]
            option.test = TESTS[each.test]
            option.text = <const uint8_t *><const char *><bytes>each.text
            option.least = len(each.text) if option.test == IS_TEXT else each.least
            option.most = each.most
            option.in_quotes = each.in_quotes
            if each.plan.options:
                raise ValueError("an option is a list itself")
            self.fill_plan(&option.plan, each.plan)
            plan.option_count += 1
        return 0

    cdef uint8_t *put_made(
        self, Output records, uint8_t *to, int32_t maker, Py_ssize_t bound, Text p, Text end, Py_ssize_t *replaced
    ) except NULL with gil:
        cdef bytes made
        cdef Py_ssize_t new
        made, new = self.makers[maker](PyBytes_FromStringAndSize(<const char *>p, end - p))
        records.size = to - records.data
        records.make_room(len(made) + bound)
        to = records.data + records.size
        memcpy(to, <const char *>made, <size_t>len(made))
        replaced[0] += new
        return to + len(made)

    cdef uint8_t *put_tail(
        self, uint8_t *to, Text line, Text line_end, bint raw, bint special, const Entries *entries, Py_ssize_t i,
        unsigned long long offset, Text readable, Py_ssize_t *replaced
    ) noexcept nogil:
        cdef Digits number
        cdef Py_ssize_t size
        if raw:
            to = put_key(to, &self.raw_key)
            if special:
                to = put_string(to, line, line_end, readable, replaced)
            else:
                memcpy(to, line, <size_t>(line_end - line))
                to += line_end - line
            to[0] = c'"'
            to += 1
        if entries != NULL:
            # SAFETY: `are_of_lines`, and room by `most_bytes_of`.
            size = entries.more_ends[i] - entries.ends[i]
            if size > 0:
                to = put_string(put_key(to, &self.more_key), line_end + 1, line_end + size, readable, replaced)
                to[0] = c'"'
                to += 1
            if entries.states[i] == TRUNCATED_STATE:
                to = put_key(to, &self.truncated)
            size = entries.input_ends[i] - entries.input_begins[i]
            if size:
                to = put_key(to, &self.input_key)
                memcpy(to, entries.inputs + entries.input_begins[i], <size_t>size)
                to += size
        if self.offsets:
            set_digits(&number, offset)
            to = put_digits(put_key(to, &self.offset_key), &number)
        to[0] = c'}'
        to[1] = c'\n'
        return to + 2

    cdef int add_body(self, int32_t variant) except -1 with gil:
        cdef Py_ssize_t need, total = 0
        cdef int32_t *body
        cdef Lead *lead = &self.leads[variant]
        cdef bytes text
        text, values = self.body_of(variant)
        if self.has_tails:
            # What comes after the values: `put_tail` writes the last brace and the line break.
            if values:
                *values, (field, plan, after) = values
                values.append((field, plan, after.removesuffix(b"}\n")))
            else:
                text = text.removesuffix(b"}\n")
        lead.size = <int32_t>len(text)
        if lead.size <= LEAD:
            memcpy(lead.text, <const char *>text, <size_t>len(text))
        else:
            self.make_room_for_body((len(text) + 3) // 4)
            lead.elsewhere = <int32_t>self.body_size
            memcpy(self.bodies + self.body_size, <const char *>text, <size_t>len(text))
            self.body_size += (len(text) + 3) // 4
        key = tuple(values)
        at = self.body_of_values.get(key)
        if at is None:
            need = 2
            for _, _, after in values:
                total += len(after)
                need += 5 + (len(after) + 3) // 4
            self.make_room_for_body(need)
            body = self.bodies + self.body_size
            body[0] = <int32_t>len(values)
            body[1] = <int32_t>total
            body += 2
            for field, plan, after in values:
                body[0] = field
                body[1] = KINDS[plan.kind]
                body[2] = plan.left if body[1] <= NUMBER else self.add_plan(plan)
                body[3] = plan.right
                body[4] = <int32_t>len(after)
                memcpy(body + 5, <const char *><bytes>after, <size_t>len(after))
                body += 5 + (len(after) + 3) // 4
            at = self.body_of_values[key] = self.body_size
            self.body_size += need
        lead.body = <int32_t>at + 1
        return 0

    cdef int make_room_for_body(self, Py_ssize_t need) except -1:
        # After what is written there are always 16 words more, see lm_copy.
        cdef int32_t *moved
        if self.body_size + need + 16 > self.body_room:
            self.body_room = 2 * (self.body_size + need + 16)
            moved = <int32_t *>realloc(self.bodies, <size_t>self.body_room * sizeof(int32_t))
            if moved == NULL:
                raise MemoryError
            self.bodies = moved
        return 0
