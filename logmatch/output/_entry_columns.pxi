# What a record says of the entry that its line is: the columns of `entries.Entries`, and what is written of them.

cdef enum:
    ENTRY_COLUMNS = 9
    MOST_ERROR = 64     # bytes of what is written for a state that is an error
    STATES = 5
    TRUNCATED_STATE = 1     # as `entries.State`; those from FIRST_ERROR on are not matched
    TOO_LONG_STATE = 2
    FIRST_ERROR = 2


cdef struct Entries:
    Text inputs
    Py_ssize_t inputs_size
    const int32_t *ends         # those of the lines
    const int32_t *more_ends
    const int32_t *input_begins
    const int32_t *input_ends
    const int64_t *line_deltas
    const int64_t *line_counts
    const int64_t *offset_deltas
    const int64_t *sizes
    const uint8_t *states
    Key[STATES] errors      # what is written for each state that is one


cdef class EntryBuffers:
    """The buffers of `entries.Entries`, held while they are read."""

    cdef Py_buffer[ENTRY_COLUMNS] buffers
    cdef int held
    cdef Entries columns
    cdef tuple errors       # the memory of these

    def __cinit__(self, entries, Py_ssize_t count, tuple errors):
        cdef int i
        cdef Py_ssize_t size
        # SAFETY: columns are read as what `entries.Entries` says that they are, if they have as many bytes.
        for i, column in enumerate((
            entries.inputs, entries.more_ends, entries.input_begins, entries.input_ends, entries.line_deltas,
            entries.line_counts, entries.offset_deltas, entries.sizes, entries.states
        )):
            PyObject_GetBuffer(column, &self.buffers[i], PyBUF_SIMPLE)
            self.held += 1
            size = 4 if 1 <= i <= 3 else 1 if i == 8 else 8
            if i and self.buffers[i].len != size * count:
                raise ValueError("the columns are of different lengths")
        self.columns.inputs = <Text>self.buffers[0].buf
        self.columns.inputs_size = self.buffers[0].len
        self.columns.more_ends = <const int32_t *>self.buffers[1].buf
        self.columns.input_begins = <const int32_t *>self.buffers[2].buf
        self.columns.input_ends = <const int32_t *>self.buffers[3].buf
        self.columns.line_deltas = <const int64_t *>self.buffers[4].buf
        self.columns.line_counts = <const int64_t *>self.buffers[5].buf
        self.columns.offset_deltas = <const int64_t *>self.buffers[6].buf
        self.columns.sizes = <const int64_t *>self.buffers[7].buf
        self.columns.states = <const uint8_t *>self.buffers[8].buf
        if len(errors) != STATES or max(map(len, errors)) > MOST_ERROR:
            raise ValueError("the errors are not those of states")
        self.errors = errors
        for i in range(STATES):
            set_key(&self.columns.errors[i], errors[i])

    def __dealloc__(self):
        while self.held:
            self.held -= 1
            PyBuffer_Release(&self.buffers[self.held])


cdef bint are_of_lines(Entries *entries, const Lines *lines) noexcept nogil:
    # Whether all that is read for them is within the data and the inputs.
    cdef Py_ssize_t i
    entries.ends = lines.ends
    for i in range(lines.count):
        if not lines.ends[i] <= entries.more_ends[i] <= lines.size:
            return False
        if not 0 <= entries.input_begins[i] <= entries.input_ends[i] <= entries.inputs_size:
            return False
        if entries.states[i] >= STATES:
            return False
    return True
