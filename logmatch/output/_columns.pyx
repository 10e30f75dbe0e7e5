# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""
Columns: matches in, columns of typed values out: the native side of `columns`.

Which columns there are, and how the text of a field becomes the value of one, comes from `columns`, once for each variant
(`Filler.plan_of`). Nothing here makes an object of Python for a line, but for the types whose values Python makes.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from libc.errno cimport ENOMEM
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memmove, memset, strlen

from logmatch.engine.native._kernel import Table

cdef extern from "Python.h":
    double PyOS_string_to_double(const char *text, char **end, void *overflow) except? -1.0

cdef extern from "_simd.h" nogil:
    void lm_copy(uint8_t *to, const uint8_t *from_, Py_ssize_t n, const uint8_t *readable)
    Py_ssize_t lm_plain(const uint8_t *p, const uint8_t *end, const uint8_t *readable)
    uint64_t lm_key(const uint8_t *p, int k, const uint8_t *readable)
    bint LM_LIKELY(bint x)

ctypedef const uint8_t *Text

include "_text.pxi"
include "_pairs.pxi"
include "_lines.pxi"
include "_entry_columns.pxi"
include "_store.pxi"
include "_blocks.pxi"
include "_arrow.pxi"
include "_text_rows.pxi"

cdef enum:
    # Columns of the line itself, in the order in which `Filler` is told their places.
    FILE = 0
    LINE = 1
    TEMPLATE_ID = 2
    RAW = 3
    ERROR = 4
    BYTES = 5
    OVERFLOW = 6
    OFFSET = 7
    LINES = 8
    MORE = 9
    TRUNCATED = 10
    INPUT = 11
    TS = 12
    OWN_COLUMNS = 13

cdef enum:
    # Of `times.State`, those of moments.
    ZONED = 2
    AMBIGUOUS = 4
    GAP = 5

cdef enum:
    # How the text of a field becomes a value; the numbers are those of `columns.How`.
    AS_TEXT = 0
    AS_DIGITS = 1       # a number, as text
    AS_INTEGER = 2
    AS_DOUBLE = 3
    AS_PAIRS = 4
    MADE_TEXT = 5       # a function of Python makes the value: text, or None
    MADE_INTEGER = 6    # a number of JSON, or None
    MADE_DOUBLE = 7
    MADE_PAIRS = 8      # a dict

cdef struct Plan:
    # One value of a variant.
    int32_t field
    int32_t place       # of its column
    int32_t how
    int32_t left, right  # bytes of the text that are left off
    int32_t nullable    # whether `-` is null
    int32_t extra       # which marks, which maker
    int32_t name        # of the field, in `Filler.names`: where
    int32_t name_size
    int32_t table


cdef struct Variant:
    # `first` and `count`: its plans. The table is -1 before it is known.
    int32_t table
    int32_t template
    int32_t first
    int32_t count


cdef Text TRUE_TEXT = b"true"

KINDS_OF_OWN = (TEXT, INTEGER, ID, TEXT, TEXT, INTEGER, PAIRS, INTEGER, INTEGER, TEXT, TEXT, TEXT, TIME)
KIND_OF_HOW = (TEXT, TEXT, INTEGER, DOUBLE, PAIRS, TEXT, INTEGER, DOUBLE, PAIRS)


@cython.final
cdef class Columns:
    """
    The columns of one table, which grow.

    Args:
        shape: what is known of them beforehand.
    """

    cdef Store store
    cdef Shape shape

    def __cinit__(self, Shape shape not None):
        self.shape = shape
        self.store.columns = new_columns(<const uint8_t *><const char *>shape.kinds, len(shape.kinds))
        self.store.count = len(shape.kinds)

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.store.count):
            free_column(&self.store.columns[i])
        free(self.store.columns)

    @property
    def rows(self):
        """How many rows there are."""
        return self.store.rows

    @property
    def size(self):
        """Bytes in use, about."""
        cdef int64_t size = 0
        cdef Py_ssize_t i
        for i in range(self.store.count):
            size += memory_of(&self.store.columns[i])
        return size

    def add(self, const uint8_t[::1] block not None):
        """
        Add the rows of *block*, one that a `Filler` or `blocks.block_of` has made for this table.

        Raises:
            ValueError: it is no such block; then these columns are of no use any more.
        """
        cdef bint is_good = False
        with nogil:
            if block.shape[0]:
                is_good = add_block(&self.store, &block[0], block.shape[0])
        if not is_good:
            raise ValueError("this is no block of these columns")

    def take_block(self, int32_t table, space=None):
        """All rows as a block, put into *space* if that is large enough; the columns are empty then."""
        cdef int64_t size = block_size(&self.store)
        cdef uint8_t[::1] memory = None
        cdef uint8_t *to
        if space is not None and len(space) >= size:
            memory = space
        if memory is not None and <uintptr_t>&memory[0] % 8 == 0:
            with nogil:
                put_block(&memory[0], size, table, &self.store)
            block = space[:size]
        else:
            block = PyBytes_FromStringAndSize(NULL, size)
            to = <uint8_t *><char *>(<bytes>block)
            with nogil:
                put_block(to, size, table, &self.store)
        empty_store(&self.store)
        return block

    def take(self, earlier=(), *, int64_t replaced=0, int64_t numbers_as_text=0):
        """
        All rows as `ArrowRecords`, after those of *earlier* (which this has given); the columns are empty then.

        Args:
            replaced, numbers_as_text: what has been counted of these rows; see `ArrowRecords`.
        """
        cdef ArrowRecords records = ArrowRecords.__new__(ArrowRecords)
        cdef ArrowRecords other
        cdef Column *columns
        cdef Py_ssize_t i, count = 1
        for other in earlier:
            if other.shape is not self.shape:
                raise ValueError("the records are of another shape")
            count += other.count
        records.shape = self.shape
        records.replaced = replaced
        records.numbers_as_text = numbers_as_text
        records.batches = <Batch *>malloc(<size_t>count * sizeof(Batch))
        if records.batches == NULL:
            raise MemoryError
        for other in earlier:
            for i in range(other.count):
                lm_use(&other.batches[i].owner.users, 1)
                records.batches[records.count] = other.batches[i]
                records.count += 1
            records.num_rows += other.num_rows
            records.replaced += other.replaced
            records.numbers_as_text += other.numbers_as_text
        if self.store.rows == 0:
            return records
        for i in range(self.store.count):
            if self.store.columns[i].values:
                begin_row(&self.store.columns[i], self.store.rows)
        columns = new_columns(<const uint8_t *><const char *>self.shape.kinds, self.store.count)
        try:
            records.batches[records.count].owner = new_owner(self.store.columns, self.store.count)
        except BaseException:
            free(columns)
            raise
        records.batches[records.count].rows = self.store.rows
        records.count += 1
        records.num_rows += self.store.rows
        self.store.columns = columns
        self.store.rows = 0
        return records


@cython.final
cdef class Filler:
    """
    Fills the columns of tables with the lines of `engine.matches.Matches`.

    Args:
        field_counts: for each variant how many fields it has; 32-bit words.
        plan_of: called with the number of a variant: gives the number of its table and of its template, and for each value
            a `columns.Plan`. Asked once for each variant that occurs.
        tables: for each table its kinds of columns and the places of those of the line itself, -1 where it has none.
        unmatched: the number of the table of unmatched lines; -1: they have no rows.
        raw: whether the rows of matched lines have the line too.
        drop_blank: whether unmatched lines that hold nothing but spaces and tabs have no row.
        ids: what the numbers of templates stand for, UTF-8.
    """

    cdef object plan_of
    cdef bint raw, drop_blank
    cdef readonly Py_ssize_t replaced           # U+FFFD that were put in place of bytes that are not UTF-8
    cdef readonly Py_ssize_t numbers_as_text    # numbers that went to the overflow
    cdef list columns                           # `Columns` of each table, None before it has rows
    cdef Store **stores                         # of these; NULL
    cdef object tables
    cdef int32_t *places                        # OWN_COLUMNS of each table
    cdef list touched                           # numbers of the tables that have rows
    cdef int32_t unmatched
    cdef Variant *variants
    cdef Py_ssize_t variant_count
    cdef bytes field_counts_of
    cdef const int32_t *field_counts
    cdef Plan *plans
    cdef Py_ssize_t plan_count
    cdef uint8_t *names                         # of fields, one after the other
    cdef Py_ssize_t names_size
    cdef list makers
    cdef Marks *marks
    cdef int32_t marks_count
    cdef Pairs pairs
    cdef Owner *ids                             # the texts of ids, for rows of text
    cdef Bytes text                             # such rows
    cdef uint8_t *digits                        # a number as JSON writes it
    cdef Py_ssize_t digits_room

    def __cinit__(self, bytes field_counts, plan_of, tables, int32_t unmatched, *, bint raw, bint drop_blank, ids):
        cdef Py_ssize_t i, k
        self.field_counts_of = field_counts
        self.field_counts = <const int32_t *><const char *>self.field_counts_of
        self.variant_count = len(field_counts) // 4
        self.plan_of = plan_of
        self.tables = tables
        self.unmatched = unmatched
        self.raw = raw
        self.drop_blank = drop_blank
        self.columns = [None] * len(tables)
        self.touched = []
        self.makers = []
        self.pairs.seed = <uint64_t>hash(b"pairs")
        self.ids = new_dictionary(ids)
        if not -1 <= unmatched < len(tables):
            raise ValueError("no such table")
        self.stores = <Store **>calloc(<size_t>len(tables) + 1, sizeof(Store *))
        self.places = <int32_t *>calloc(<size_t>(len(tables) + 1) * OWN_COLUMNS, sizeof(int32_t))
        self.variants = <Variant *>calloc(<size_t>self.variant_count + 1, sizeof(Variant))
        if self.stores == NULL or self.places == NULL or self.variants == NULL:
            raise MemoryError
        for i in range(self.variant_count):
            self.variants[i].table = -1
        for i, (kinds, places) in enumerate(tables):
            for k, kind in enumerate(KINDS_OF_OWN):
                self.places[i * OWN_COLUMNS + k] = places[k]
                if places[k] >= 0 and kinds[places[k]] != kind and not (k == TEMPLATE_ID and kinds[places[k]] == TEXT):
                    raise ValueError("a column of the line is of another kind")

    def __dealloc__(self):
        free(self.stores)
        free(self.places)
        free(self.variants)
        free(self.plans)
        free(self.names)
        free(self.marks)
        free(self.digits)
        free(self.text.data)
        leave_owner(self.ids)
        free_pairs(&self.pairs)

    def begin(self):
        """Forget the rows that have not been taken, and what has been counted."""
        for table in self.touched:
            empty_store(self.stores[<int32_t>table])
        self.touched = []
        self.replaced = self.numbers_as_text = 0

    def take(self, space=None):
        """
        The rows of all tables that have some, as blocks one after the other; put into *space* if they fit.

        They are in the order in which tables had their first row.
        """
        tables, self.touched = self.touched, []
        if len(tables) == 1:
            return (<Columns>self.columns[tables[0]]).take_block(tables[0], space)
        return b"".join([(<Columns>self.columns[table]).take_block(table) for table in tables])

    def take_text(self, uint8_t separator, bint escaped, bint with_heads, space=None):
        """
        The same rows as lines of text; put into *space* if they fit.

        Args:
            separator: of values.
            escaped: whether values have escapes; else quotes.
            with_heads: whether the lines of each table come after the head of a block, which says whose they are.
        """
        cdef BlockHead head
        cdef Store *store
        cdef int64_t start
        cdef uint8_t[::1] memory
        self.text.size = 0
        for table in self.touched:
            store = self.stores[<int32_t>table]
            start = self.text.size
            if with_heads:
                make_room_for_bytes(&self.text, sizeof(BlockHead))
                self.text.size += <int64_t>sizeof(BlockHead)
            with nogil:
                put_rows(&self.text, store, &self.ids.columns[0], separator, escaped)
            if with_heads:
                head.size = self.text.size - start
                head.rows = store.rows
                head.table = table
                head.columns = -1
                memcpy(self.text.data + start, &head, sizeof(BlockHead))
            empty_store(store)
        self.touched = []
        if space is None or len(space) < self.text.size or self.text.size == 0:
            return PyBytes_FromStringAndSize(<const char *>self.text.data, self.text.size) if self.text.size else b""
        memory = space
        memcpy(&memory[0], self.text.data, <size_t>self.text.size)
        return space[: self.text.size]

    def fill(
        self, matches, bytes file, int64_t first_line, int64_t offset, entries=None, tuple errors=(), times=None, keep=None
    ):
        """
        Add a row for each line of *matches*.

        Args:
            file: the name of the input, UTF-8.
            first_line: the number of the first line.
            offset: of the data in its file.
            entries: what the lines are, `entries.Entries`; None: one physical line each.
            errors: for each state of an entry why it is not matched, if it is an error.
            times, keep: see `Batch`.

        Raises:
            ValueError: the columns are not those of matches.
            OverflowError: a column would be larger than Arrow can tell.
        """
        cdef Py_ssize_t count = matches.line_count
        cdef Py_buffer[MOST_COLUMNS] buffers
        cdef int held = 0
        cdef Lines lines
        cdef Text name = <Text><const char *>file
        cdef Py_ssize_t name_size = len(file)
        cdef EntryBuffers of_entries = None
        cdef Entries *entry_columns = NULL
        if count == 0:
            return
        if entries is not None:
            of_entries = EntryBuffers(entries, count, errors)
            entry_columns = &of_entries.columns
        try:
            hold_columns(matches, times, keep, buffers, &held)
            set_lines(&lines, buffers, count, type(matches) is Table, times is not None, keep is not None)
            if entry_columns != NULL and not are_of_lines(entry_columns, &lines):
                raise ValueError("the entries are not those of the lines")
            with nogil:
                self.fill_lines(&lines, entry_columns, name, name_size, first_line, offset)
        finally:
            while held:
                held -= 1
                PyBuffer_Release(&buffers[held])

    def add_too_long(self, bytes file, int64_t line_number, int64_t offset, bytes head, bytes error, int64_t size):
        """Add the row of a line of *size* bytes that was not matched: it begins with *head*, and *error* says why."""
        cdef Store *store
        cdef const int32_t *places
        cdef Text name = <Text><const char *>file
        cdef Text text = <Text><const char *>head
        if self.unmatched < 0:
            return
        self.begin_row_of(self.unmatched, name, len(file), line_number, offset)
        store = self.stores[self.unmatched]
        places = self.places + self.unmatched * OWN_COLUMNS
        if places[ERROR] >= 0:
            add_text(
                &store.columns[places[ERROR]], store.rows, <Text><const char *>error, <Text><const char *>error + len(error),
                True, <Text><const char *>error + len(error), &self.replaced
            )
        if places[BYTES] >= 0:
            add_number(&store.columns[places[BYTES]], store.rows, size)
        self.end_row_of(self.unmatched, -1, text, text + len(head), True, text + len(head))

    cdef int fill_lines(
        self, const Lines *lines, const Entries *entries, Text file, Py_ssize_t file_size, int64_t first_line,
        int64_t offset
    ) except -1 nogil:
        cdef Text readable = lines.text + lines.size
        cdef Text line, line_end
        cdef Py_ssize_t i
        cdef int64_t line_number, place
        cdef int32_t number
        cdef Variant *variant
        cdef bint special
        for i in range(lines.count):
            line = lines.text + lines.begins[i]
            line_end = lines.text + lines.ends[i]
            special = lines.needs_escape[i]
            number = lines.numbers[i]
            if lines.keep != NULL and lines.keep[i] == 0:
                continue
            line_number = first_line + (i if entries == NULL else entries.line_deltas[i])
            place = offset + (lines.begins[i] if entries == NULL else entries.offset_deltas[i])
            if number < 0:
                if self.unmatched >= 0 and not (self.drop_blank and is_blank(line, line_end)):
                    self.begin_row_of(self.unmatched, file, file_size, line_number, place)
                    if entries != NULL:
                        self.add_entry(self.unmatched, entries, i, lines.text, readable)
                    if lines.nanoseconds != NULL:
                        self.add_time(self.unmatched, lines, i)
                    self.end_row_of(self.unmatched, -1, line, line_end, special, readable)
                continue
            # SAFETY: spans has start and end of each field of the variant, which are within the line (`are_in_order`; the
            # kernel's are by construction), and a plan names a field of the variant (`add_plans`).
            if (
                number >= self.variant_count
                or lines.span_begins[i + 1] - lines.span_begins[i] != 2 * self.field_counts[number]
            ):
                with gil:
                    raise ValueError("the matches are those of another program")
            variant = &self.variants[number]
            if variant.table < 0:
                self.add_plans(number)
            self.begin_row_of(variant.table, file, file_size, line_number, place)
            if entries != NULL:
                self.add_entry(variant.table, entries, i, lines.text, readable)
            if lines.nanoseconds != NULL:
                self.add_time(variant.table, lines, i)
            self.add_values(variant, line, lines.spans + lines.span_begins[i], special, readable)
            self.end_row_of(variant.table, variant.template, line if self.raw else NULL, line_end, special, readable)
        return 0

    cdef inline int begin_row_of(
        self, int32_t table, Text file, Py_ssize_t file_size, int64_t line_number, int64_t offset
    ) except -1 nogil:
        # A new row of *table*, with what does not come of the line's text.
        cdef const int32_t *places = self.places + table * OWN_COLUMNS
        cdef Store *store = self.stores[table]
        if store == NULL or store.rows == 0:
            self.touch(table)
            store = self.stores[table]
        if places[FILE] >= 0:
            add_text(&store.columns[places[FILE]], store.rows, file, file + file_size, False, file + file_size, &self.replaced)
        if places[LINE] >= 0:
            add_number(&store.columns[places[LINE]], store.rows, line_number)
        if places[OFFSET] >= 0:
            add_number(&store.columns[places[OFFSET]], store.rows, offset)
        return 0

    cdef int add_entry(
        self, int32_t table, const Entries *entries, Py_ssize_t i, Text text, Text readable
    ) except -1 nogil:
        # What the row says of the entry that its line is.
        # SAFETY: all places are within the data and the inputs (`are_of_lines`).
        cdef const int32_t *places = self.places + table * OWN_COLUMNS
        cdef Store *store = self.stores[table]
        cdef int64_t row = store.rows
        cdef uint8_t state = entries.states[i]
        cdef const Key *error = &entries.errors[state]
        cdef Text p
        cdef Text end
        if places[LINES] >= 0:
            add_number(&store.columns[places[LINES]], row, entries.line_counts[i])
        if places[MORE] >= 0 and entries.more_ends[i] > entries.ends[i]:
            p = text + entries.ends[i] + 1
            end = text + entries.more_ends[i]
            add_text(&store.columns[places[MORE]], row, p, end, True, readable, &self.replaced)
        if places[TRUNCATED] >= 0 and state == TRUNCATED_STATE:
            p = TRUE_TEXT
            add_text(&store.columns[places[TRUNCATED]], row, p, p + 4, False, p + 4, &self.replaced)
        if places[INPUT] >= 0 and entries.input_ends[i] > entries.input_begins[i]:
            p = entries.inputs + entries.input_begins[i]
            end = entries.inputs + entries.input_ends[i]
            add_text(&store.columns[places[INPUT]], row, p, end, False, entries.inputs + entries.inputs_size, &self.replaced)
        if places[ERROR] >= 0 and error.size:
            p = <Text>error.text
            add_text(&store.columns[places[ERROR]], row, p, p + error.size, False, p + error.size, &self.replaced)
        if places[BYTES] >= 0 and state == TOO_LONG_STATE:
            add_number(&store.columns[places[BYTES]], row, entries.sizes[i])
        return 0

    cdef int add_time(self, int32_t table, const Lines *lines, Py_ssize_t i) except -1 nogil:
        # A moment; what has no zone is none.
        cdef int32_t place = self.places[table * OWN_COLUMNS + TS]
        cdef uint8_t state = lines.states[i]
        if place >= 0 and (state == ZONED or state == AMBIGUOUS or state == GAP):
            add_number(&self.stores[table].columns[place], self.stores[table].rows, lines.nanoseconds[i])
        return 0

    cdef inline int end_row_of(
        self, int32_t table, int32_t template, Text line, Text line_end, bint special, Text readable
    ) except -1 nogil:
        # Its template (-1: none) and its line (NULL: it is not wanted); the row is whole then.
        cdef const int32_t *places = self.places + table * OWN_COLUMNS
        cdef Store *store = self.stores[table]
        cdef Column *column
        if template >= 0 and places[TEMPLATE_ID] >= 0:
            column = &store.columns[places[TEMPLATE_ID]]
            if column.kind == ID:
                add_id(column, store.rows, template)
            else:
                self.add_id_text(column, store.rows, template)
        if line != NULL and places[RAW] >= 0:
            add_text(&store.columns[places[RAW]], store.rows, line, line_end, special, readable, &self.replaced)
        store.rows += 1
        return 0

    cdef int add_id_text(self, Column *column, int64_t row, int32_t template) except -1 nogil:
        cdef const Column *ids = &self.ids.columns[0]
        if template >= ids.length:
            with gil:
                raise ValueError("no such template")
        return add_text(
            column, row, ids.data + ids.offsets[template], ids.data + ids.offsets[template + 1], False, ids.data + ids.size,
            &self.replaced
        )

    cdef int touch(self, int32_t table) except -1 with gil:
        if self.columns[table] is None:
            kinds = self.tables[table][0]
            self.columns[table] = Columns(Shape(kinds, [b""] * len(kinds), ()))
            self.stores[table] = &(<Columns>self.columns[table]).store
        self.touched.append(table)
        return 0

    cdef int add_values(
        self, const Variant *variant, Text line, const int32_t *spans, bint special, Text readable
    ) except -1 nogil:
        cdef Store *store = self.stores[variant.table]
        cdef int64_t row = store.rows
        cdef const Plan *plan = self.plans + variant.first
        cdef const Plan *last = plan + variant.count
        cdef Column *column
        cdef Text p, end
        while plan < last:
            column = &store.columns[plan.place]
            p = line + spans[2 * plan.field]
            end = line + spans[2 * plan.field + 1]
            if plan.nullable and end - p == 1 and p[0] == c'-':
                plan += 1
                continue
            p += plan.left
            end -= plan.right
            if end < p:
                end = p     # the columns are another's, and a text is shorter than what is left off
            if LM_LIKELY(plan.how == AS_TEXT):
                if not (plan.nullable and plan.left and end - p == 1 and p[0] == c'-'):
                    add_text(column, row, p, end, special, readable, &self.replaced)
            elif plan.how == AS_INTEGER or plan.how == AS_DOUBLE or plan.how == AS_DIGITS:
                self.add_digits(store, column, row, plan, plan.how, p, end, readable)
            elif plan.how == AS_PAIRS:
                self.add_pairs(column, row, &self.marks[plan.extra], p, end, special, readable)
            else:
                self.add_made(store, column, row, plan, p, end)
            plan += 1
        return 0

    cdef int add_digits(
        self, Store *store, Column *column, int64_t row, const Plan *plan, int32_t how, Text p, Text end, Text readable
    ) except -1 nogil:
        # The number at p: `json_number` makes JSON of it. It goes to the overflow where the column cannot hold it.
        cdef int64_t number = 0
        cdef double real = 0
        cdef int found
        cdef Py_ssize_t size
        cdef int32_t overflow
        if how == AS_INTEGER:
            found = parse_integer(p, end, &number)
            if found == FITS:
                return add_number(column, row, number)
        elif how == AS_DOUBLE:
            found = parse_double(p, end, &real)
            if found == UNKNOWN:
                found = self.parse_slowly(p, end, &real)
            if found == FITS:
                return add_double(column, row, real)
        if p == end:
            return 0    # the columns are another's: a number has digits
        self.make_room_for_digits(end - p)
        size = put_number(self.digits, p, end, readable) - self.digits
        if how == AS_DIGITS:
            return add_text(column, row, self.digits, self.digits + size, False, self.digits + size, &self.replaced)
        overflow = self.places[plan.table * OWN_COLUMNS + OVERFLOW]
        if overflow >= 0:
            self.numbers_as_text += 1
            add_pair(
                &store.columns[overflow], row, self.names + plan.name, self.names + plan.name + plan.name_size,
                self.digits, self.digits + size, False, self.names + self.names_size, self.digits + size, &self.replaced
            )
        return 0

    cdef int add_pairs(
        self, Column *column, int64_t row, const Marks *marks, Text p, Text end, bint special, Text readable
    ) except -1 nogil:
        cdef const Pair *pair
        cdef const Pair *last
        cdef Py_ssize_t i
        find_pairs(&self.pairs, marks, p, end, readable)
        for i in range(self.pairs.count):
            pair = &self.pairs.items[i]
            if pair.last >= 0:
                last = &self.pairs.items[pair.last]
                add_pair(
                    column, row, pair.key, pair.key_end, last.value, last.value_end, special, readable, readable, &self.replaced
                )
        return 0

    cdef int add_made(
        self, Store *store, Column *column, int64_t row, const Plan *plan, Text p, Text end
    ) except -1 with gil:
        # A value that Python makes.
        made = self.makers[plan.extra](PyBytes_FromStringAndSize(<const char *>p, end - p))
        cdef bytes text, key
        cdef Text q, k
        if made is None:
            return 0
        if plan.how == MADE_PAIRS:
            for key, text in made.items():
                k = <Text><const char *>key
                q = <Text><const char *>text
                add_pair(column, row, k, k + len(key), q, q + len(text), True, k + len(key), q + len(text), &self.replaced)
            return 0
        text = made
        q = <Text><const char *>text
        if plan.how == MADE_TEXT:
            return add_text(column, row, q, q + len(text), True, q + len(text), &self.replaced)
        return self.add_digits(
            store, column, row, plan, AS_INTEGER if plan.how == MADE_INTEGER else AS_DOUBLE, q, q + len(text), q + len(text)
        )

    cdef int parse_slowly(self, Text p, Text end, double *number) except -1 with gil:
        return parse_double_slowly(PyBytes_FromStringAndSize(<const char *>p, end - p), number)

    cdef int make_room_for_digits(self, Py_ssize_t size) except -1 nogil:
        cdef void *moved
        if size + 1 + SLACK > self.digits_room:
            moved = realloc(self.digits, <size_t>(2 * size + 1 + SLACK))
            if moved == NULL:
                with gil:
                    raise MemoryError
            self.digits = <uint8_t *>moved
            self.digits_room = 2 * size + 1 + SLACK
        return 0

    cdef int add_plans(self, int32_t number) except -1 with gil:
        # SAFETY: whatever `plan_of` gives, a plan names a field of the variant, and a column of the kind that it fills.
        cdef Plan *plan
        cdef void *moved
        cdef bytes name
        table, template, plans = self.plan_of(number)
        kinds = self.tables[table][0]
        moved = realloc(self.plans, <size_t>(self.plan_count + len(plans) + 1) * sizeof(Plan))
        if moved == NULL:
            raise MemoryError
        self.plans = <Plan *>moved
        for index, (field, place, how, left, right, nullable, extra, name) in enumerate(plans):
            if not (0 <= field < self.field_counts[number] and 0 <= place < len(kinds) and left >= 0 and right >= 0):
                raise ValueError("a plan does not fit its variant")
            if kinds[place] != KIND_OF_HOW[how]:
                raise ValueError("a plan does not fit its column")
            plan = &self.plans[self.plan_count + <Py_ssize_t>index]
            plan.field = field
            plan.place = place
            plan.how = how
            plan.left = left
            plan.right = right
            plan.nullable = nullable
            plan.table = table
            plan.name_size = <int32_t>len(name)
            plan.name = self.add_name(name)
            plan.extra = 0
            if how == AS_PAIRS:
                plan.extra = self.add_marks(extra[0], extra[1])
            elif how >= MADE_TEXT:
                plan.extra = <int32_t>len(self.makers)
                self.makers.append(extra)
        if not -1 <= template < MOST_OFFSET or not 0 <= table < len(self.tables):
            raise ValueError("no such table or template")
        self.variants[number].template = template
        self.variants[number].first = <int32_t>self.plan_count
        self.variants[number].count = <int32_t>len(plans)
        self.variants[number].table = table
        self.plan_count += len(plans)
        return 0

    cdef int32_t add_name(self, bytes name) except -1:
        cdef Py_ssize_t at = self.names_size
        cdef void *moved = realloc(self.names, <size_t>(at + len(name) + 1))
        if moved == NULL:
            raise MemoryError
        self.names = <uint8_t *>moved
        memcpy(self.names + at, <const char *>name, <size_t>len(name))
        self.names_size = at + len(name)
        return <int32_t>at

    cdef int32_t add_marks(self, bytes separator, bytes assign) except -1:
        cdef void *moved = realloc(self.marks, <size_t>(self.marks_count + 1) * sizeof(Marks))
        if moved == NULL:
            raise MemoryError
        self.marks = <Marks *>moved
        set_marks(&self.marks[self.marks_count], separator, assign)
        self.marks_count += 1
        return self.marks_count - 1
