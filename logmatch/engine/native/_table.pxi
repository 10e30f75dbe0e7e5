# Table: the lines of a buffer and what they became, in plain columns; see `engine.matches`.

cdef struct Columns:
    int32_t *line_begins
    int32_t *line_ends
    uint8_t *needs_escape
    int32_t *variant_numbers
    int32_t *span_begins
    int32_t *spans
    Py_ssize_t line_room        # lines
    Py_ssize_t span_room        # numbers


cdef enum:
    MOST_SPARE = 8              # tables whose memory is kept for the next ones
    MOST_SPARE_SIZE = 1 << 21   # numbers that such a table may have

# Memory of tables that are gone. A table is made and freed for each piece of a chunk: memory of this size would go back to
# the system each time. It is used with the GIL only.
cdef Columns spare[MOST_SPARE]
cdef int spare_count = 0


cdef void free_columns(Columns *columns) noexcept nogil:
    free(columns.line_begins)
    free(columns.line_ends)
    free(columns.needs_escape)
    free(columns.variant_numbers)
    free(columns.span_begins)
    free(columns.spans)


cdef int make_room_for_lines(Columns *columns, Py_ssize_t lines) except -1 nogil:
    cdef void *more
    if lines <= columns.line_room:
        return 0
    lines += lines >> 2
    more = realloc(columns.line_begins, <size_t>lines * sizeof(int32_t))
    if more != NULL:
        columns.line_begins = <int32_t *>more
        more = realloc(columns.line_ends, <size_t>lines * sizeof(int32_t))
    if more != NULL:
        columns.line_ends = <int32_t *>more
        more = realloc(columns.needs_escape, <size_t>lines)
    if more != NULL:
        columns.needs_escape = <uint8_t *>more
        more = realloc(columns.variant_numbers, <size_t>lines * sizeof(int32_t))
    if more != NULL:
        columns.variant_numbers = <int32_t *>more
        more = realloc(columns.span_begins, <size_t>(lines + 1) * sizeof(int32_t))
    if more == NULL:
        with gil:
            raise MemoryError
    columns.span_begins = <int32_t *>more
    columns.line_room = lines
    return 0


cdef inline int make_room_for_spans(Columns *columns, Py_ssize_t needed) except -1 nogil:
    if needed <= columns.span_room:
        return 0
    return grow_spans(columns, needed)


cdef int grow_spans(Columns *columns, Py_ssize_t needed) except -1 nogil:
    cdef Py_ssize_t room = needed * 2
    cdef void *moved = NULL
    if room <= 0x7FFFFFFF:
        moved = realloc(columns.spans, <size_t>room * sizeof(int32_t))
    if moved == NULL:
        with gil:
            raise MemoryError
    columns.spans = <int32_t *>moved
    columns.span_room = room
    return 0


@cython.final
cdef class Column:
    """One column of a table as a read-only buffer; it keeps the table alive."""

    cdef Table table
    cdef void *items
    cdef char *format
    cdef Py_ssize_t[1] shape
    cdef Py_ssize_t[1] strides

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        if flags & PyBUF_WRITABLE:
            raise BufferError("the columns of a table are read only")
        buffer.buf = self.items
        buffer.obj = self
        buffer.len = self.shape[0] * self.strides[0]
        buffer.readonly = 1
        buffer.itemsize = self.strides[0]
        buffer.format = self.format if flags & PyBUF_FORMAT else NULL
        buffer.ndim = 1
        buffer.shape = self.shape
        buffer.strides = self.strides
        buffer.suboffsets = NULL
        buffer.internal = NULL


@cython.final
cdef class Table:
    """
    The lines of a buffer, and what they became; `engine.matches.Matches` says what each column holds.

    Made by `Table.split` or, by other splitters, with `Table.of_lines`; filled once, by `Kernel.match`. It holds on to the
    buffer.
    """

    cdef readonly object data
    """The buffer."""
    cdef const uint8_t[::1] view
    cdef Text text                  # its first byte
    cdef Text readable              # its end
    cdef Columns columns
    cdef readonly Py_ssize_t line_count
    cdef Py_ssize_t span_count      # numbers; -1 before the lines are matched
    cdef public object timeouts
    """See `engine.matches.Matches`."""

    def __cinit__(self, data):
        global spare_count
        self.span_count = -1
        self.data = data
        self.view = data
        if self.view.shape[0] > MOST_BYTES:
            raise ValueError("too many bytes for one table")
        self.text = &self.view[0] if self.view.shape[0] else <Text><const char *>b""
        self.readable = self.text + self.view.shape[0]
        if spare_count:
            spare_count -= 1
            self.columns = spare[spare_count]

    def __dealloc__(self):
        global spare_count
        if spare_count < MOST_SPARE and 5 * self.columns.line_room + self.columns.span_room <= MOST_SPARE_SIZE:
            spare[spare_count] = self.columns
            spare_count += 1
        else:
            free_columns(&self.columns)

    @staticmethod
    def split(data):
        """The table of the lines of *data*, at most `MOST_BYTES`, of which only the last may lack its "\\n"."""
        cdef Table table = Table(data)
        with nogil:
            table.find_lines()
        return table

    @staticmethod
    def of_lines(data, const int32_t[::1] begins not None, const int32_t[::1] ends not None):
        """
        The table of lines that another has found: the i-th is data[begins[i]:ends[i]].

        Raises:
            ValueError: a line is not within *data*.
        """
        cdef Table table = Table(data)
        cdef Py_ssize_t i, count = begins.shape[0], size = table.view.shape[0]
        if ends.shape[0] != count:
            raise ValueError("begins and ends are not of the same lines")
        make_room_for_lines(&table.columns, count + 1)
        for i in range(count):
            if not 0 <= begins[i] <= ends[i] <= size:
                raise ValueError("a line is not within the data")
            table.columns.line_begins[i] = begins[i]
            table.columns.line_ends[i] = ends[i]
            table.columns.needs_escape[i] = (
                lm_plain(table.text + begins[i], table.text + ends[i], table.readable) < ends[i] - begins[i]
            )
        table.line_count = count
        return table

    def revised(self, const int32_t[::1] rows not None, changes not None, data=None, const int32_t[::1] begins=None):
        """See `engine.matches.Matches.revised`."""
        cdef Table table = Table(self.data if data is None else data)
        cdef Py_ssize_t i, k, size, count = rows.shape[0], used = 0
        cdef Columns *columns = &table.columns
        cdef int32_t row, begin, end, number
        cdef tuple places
        cdef bint has_changes = bool(changes)
        self.matched_lines()
        if begins is not None and begins.shape[0] != count:
            raise ValueError("begins are not of these lines")
        make_room_for_lines(columns, count + 1)
        for i in range(count):
            row = rows[i]
            if not 0 <= row < self.line_count:
                raise ValueError("there is no such line")
            begin = self.columns.line_begins[row] if begins is None else begins[i]
            end = begin + (self.columns.line_ends[row] - self.columns.line_begins[row])
            if not 0 <= begin <= end <= table.view.shape[0]:
                raise ValueError("a line is not within the data")
            columns.line_begins[i] = begin
            columns.span_begins[i] = <int32_t>used
            change = changes.get(i) if has_changes else None
            if change is None:
                columns.line_ends[i] = end
                columns.needs_escape[i] = self.columns.needs_escape[row]
                columns.variant_numbers[i] = self.columns.variant_numbers[row]
                # SAFETY: the spans of a line are those from span_begins[row] up to span_begins[row + 1].
                size = self.columns.span_begins[row + 1] - self.columns.span_begins[row]
                make_room_for_spans(columns, used + size + 1)
                memcpy(
                    columns.spans + used, self.columns.spans + self.columns.span_begins[row], <size_t>size * sizeof(int32_t)
                )
                used += size
                continue
            end, number, places = change
            size = len(places)
            if not begin <= end <= table.view.shape[0]:
                raise ValueError("a line is not within the data")
            columns.line_ends[i] = end
            columns.needs_escape[i] = 1
            columns.variant_numbers[i] = number
            make_room_for_spans(columns, used + size + 1)
            for k in range(size):
                columns.spans[used + k] = places[k]
                if not 0 <= columns.spans[used + k] <= end - columns.line_begins[i]:
                    raise ValueError("a span is not within its line")
            used += size
        columns.span_begins[count] = <int32_t>used
        table.line_count = count
        table.span_count = used
        table.timeouts = self.timeouts
        return table

    cdef int find_lines(self) except -1 nogil:
        cdef Columns *columns = &self.columns
        cdef Py_ssize_t size = self.readable - self.text, count, i
        cdef size_t done = 0
        cdef int rest = 0
        cdef int32_t begin = 0, end
        if size == 0:
            return 0
        make_room_for_lines(columns, size // 64 + 64)
        while True:
            # SAFETY: a last line without "\n" is one more. If there is no room for all it is looked for again with more:
            # it is kept, so that this happens only while lines get shorter.
            count = <Py_ssize_t>lm_split(
                self.text, <size_t>size, columns.line_ends, columns.needs_escape, <size_t>columns.line_room - 1, &done, &rest
            )
            if count < columns.line_room - 1:
                break
            make_room_for_lines(columns, 2 * columns.line_room)
        if <Py_ssize_t>done < size:
            columns.line_ends[count] = <int32_t>size
            columns.needs_escape[count] = <uint8_t>rest
            count += 1
        for i in range(count):
            columns.line_begins[i] = begin
            end = columns.line_ends[i]
            # The rule of the line, as `logmatch.line` has it: one "\r" before the "\n" is no part of the line.
            # JSON escapes it, so that most lines need not be looked at.
            if columns.needs_escape[i] and end > begin and self.text[end - 1] == c'\r':
                columns.line_ends[i] = end - 1
            begin = end + 1
        self.line_count = count
        return 0

    cdef int claim(self) except -1:
        # Views of the columns may be in use: they do not move, nor change, once they are filled.
        if self.span_count >= 0:
            raise ValueError("the lines of a table are matched once")
        make_room_for_lines(&self.columns, self.line_count + 1)
        self.span_count = 0
        return 0

    cdef object column(self, void *items, Py_ssize_t count, bint is_bytes):
        cdef Column column = Column()
        column.table = self
        column.items = items if items != NULL else <void *><const char *>b""
        column.format = b"B" if is_bytes else b"i"
        column.shape[0] = count
        column.strides[0] = 1 if is_bytes else <Py_ssize_t>sizeof(int32_t)
        return memoryview(column)

    cdef int matched_lines(self) except -1:
        if self.span_count < 0:
            raise ValueError("the lines of this table are not matched yet")
        return 0

    @property
    def line_begins(self):
        return self.column(self.columns.line_begins, self.line_count, False)

    @property
    def line_ends(self):
        return self.column(self.columns.line_ends, self.line_count, False)

    @property
    def needs_escape(self):
        return self.column(self.columns.needs_escape, self.line_count, True)

    @property
    def variant_numbers(self):
        self.matched_lines()
        return self.column(self.columns.variant_numbers, self.line_count, False)

    @property
    def span_begins(self):
        self.matched_lines()
        if self.line_count == 0:
            return memoryview(b"\0\0\0\0").cast("i")
        return self.column(self.columns.span_begins, self.line_count + 1, False)

    @property
    def spans(self):
        self.matched_lines()
        return self.column(self.columns.spans, self.span_count, False)

    def groups(self):
        """See `engine.matches.Matches`."""
        cdef Py_ssize_t i, k
        cdef int32_t number
        cdef const int32_t *spans
        cdef const char *line
        cdef dict groups = {}
        self.matched_lines()
        for i in range(self.line_count):
            number = self.columns.variant_numbers[i]
            if number < 0:
                continue
            line = <const char *>self.text + self.columns.line_begins[i]
            spans = self.columns.spans + self.columns.span_begins[i]
            texts = tuple([
                line[spans[2 * k] : spans[2 * k + 1]]
                for k in range((self.columns.span_begins[i + 1] - self.columns.span_begins[i]) // 2)
            ])
            group = groups.get(number)
            if group is None:
                group = groups[number] = (number, [], [])
            group[1].append(i)
            group[2].append(texts)
        return list(groups.values())

    def lines(self):
        """See `engine.matches.Matches`."""
        cdef Py_ssize_t i
        cdef const char *text = <const char *>self.text
        return [text[self.columns.line_begins[i] : self.columns.line_ends[i]] for i in range(self.line_count)]


@cython.final
cdef class TemplateCounter:
    """
    Counts the lines of tables by template.

    Args:
        template_numbers: for each variant its template's number; 32-bit words.
    """

    cdef bytes templates_of         # the memory of template_numbers
    cdef const int32_t *template_numbers
    cdef Py_ssize_t variant_count
    cdef int32_t *counts            # lines by variant number
    cdef int32_t *by_template       # room for lines by template number, all 0
    cdef int32_t *touched           # the variants whose count is above 0
    cdef Py_ssize_t touched_count, matched

    def __cinit__(self, bytes template_numbers):
        cdef Py_ssize_t i, template_count = 0
        self.templates_of = template_numbers
        self.template_numbers = <const int32_t *><const char *>self.templates_of
        self.variant_count = len(template_numbers) // 4
        for i in range(self.variant_count):
            if self.template_numbers[i] + 1 > template_count:
                template_count = self.template_numbers[i] + 1
        self.counts = <int32_t *>calloc(<size_t>self.variant_count + 1, sizeof(int32_t))
        self.by_template = <int32_t *>calloc(<size_t>template_count + 1, sizeof(int32_t))
        self.touched = <int32_t *>calloc(<size_t>self.variant_count + 1, sizeof(int32_t))
        if self.counts == NULL or self.by_template == NULL or self.touched == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.counts)
        free(self.by_template)
        free(self.touched)

    def add(self, const int32_t[::1] variant_numbers not None):
        """Count lines by the numbers of the variants that matched them; none is -1."""
        cdef Py_ssize_t i
        cdef int32_t number
        for i in range(variant_numbers.shape[0]):
            number = variant_numbers[i]
            if number < 0:
                continue
            if number >= self.variant_count:
                raise ValueError("no such variant")
            if self.counts[number] == 0:
                self.touched[self.touched_count] = number
                self.touched_count += 1
            self.counts[number] += 1
            self.matched += 1

    def take(self):
        """How many lines have matched since this was last asked, and how many each template: pairs, see `add_pairs`."""
        cdef Py_ssize_t i, count = 0
        cdef bytes pairs = PyBytes_FromStringAndSize(NULL, 8 * self.touched_count)
        cdef int32_t *pair = <int32_t *><char *>pairs
        cdef int32_t variant, template
        matched = self.matched
        for i in range(self.touched_count):
            variant = self.touched[i]
            template = self.template_numbers[variant]
            if self.by_template[template] == 0:
                pair[2 * count] = template
                count += 1
            self.by_template[template] += self.counts[variant]
            self.counts[variant] = 0
        for i in range(count):
            pair[2 * i + 1] = self.by_template[pair[2 * i]]
            self.by_template[pair[2 * i]] = 0
        self.touched_count = 0
        self.matched = 0
        return matched, pairs[: 8 * count]
