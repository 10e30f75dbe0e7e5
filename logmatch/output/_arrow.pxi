# Arrow: columns by the Arrow C data interface and its streams (https://arrow.apache.org/docs/format/CDataInterface.html).
#
# Nothing is copied and no callback needs Python: what is shared is counted by its users, each array is one, and the last
# to go frees the memory. A consumer may move arrays and their children elsewhere and release them in any order, in any
# thread.

cdef extern from *:
    """
    /* How many users there are now. */
    static inline long lm_use(long *users, long more) { return __atomic_add_fetch(users, more, __ATOMIC_ACQ_REL); }
    """
    long lm_use(long *users, long more) noexcept nogil

cdef enum:
    NULLABLE = 2        # ARROW_FLAG_NULLABLE


cdef struct ArrowSchema:
    const char *format
    const char *name
    const char *metadata
    int64_t flags
    int64_t n_children
    ArrowSchema **children
    ArrowSchema *dictionary
    void (*release)(ArrowSchema *) noexcept nogil
    void *private_data


cdef struct ArrowArray:
    int64_t length
    int64_t null_count
    int64_t offset
    int64_t n_buffers
    int64_t n_children
    const void **buffers
    ArrowArray **children
    ArrowArray *dictionary
    void (*release)(ArrowArray *) noexcept nogil
    void *private_data


cdef struct ArrowArrayStream:
    int (*get_schema)(ArrowArrayStream *, ArrowSchema *) noexcept nogil
    int (*get_next)(ArrowArrayStream *, ArrowArray *) noexcept nogil
    const char *(*get_last_error)(ArrowArrayStream *) noexcept nogil
    void (*release)(ArrowArrayStream *) noexcept nogil
    void *private_data


cdef struct Owner:
    # Columns that do not change any more, and their memory.
    long users
    Py_ssize_t count
    Column *columns


cdef struct Names:
    # The names of columns, ended by a 0 each, and their kinds.
    long users
    Py_ssize_t count
    int32_t *kinds
    char **texts


cdef void leave_owner(Owner *owner) noexcept nogil:
    # One user less.
    cdef Py_ssize_t i
    if owner != NULL and lm_use(&owner.users, -1) == 0:
        for i in range(owner.count):
            free_column(&owner.columns[i])
        free(owner.columns)
        free(owner)


cdef void leave_names(Names *names) noexcept nogil:
    cdef Py_ssize_t i
    if names != NULL and lm_use(&names.users, -1) == 0:
        for i in range(names.count):
            free(names.texts[i])
        free(names.texts)
        free(names.kinds)
        free(names)


# --- schemas

cdef void release_schema(ArrowSchema *schema) noexcept nogil:
    cdef int64_t i
    for i in range(schema.n_children):
        if schema.children[i] != NULL:
            if schema.children[i].release != NULL:
                schema.children[i].release(schema.children[i])
            free(schema.children[i])
    free(schema.children)
    if schema.dictionary != NULL:
        if schema.dictionary.release != NULL:
            schema.dictionary.release(schema.dictionary)
        free(schema.dictionary)
    free(schema.private_data)       # the name
    schema.release = NULL


cdef int set_schema(ArrowSchema *schema, const char *format, const char *name, int64_t flags, int64_t children) noexcept nogil:
    # Returns 0, or ENOMEM with a schema that can be released.
    cdef size_t size = strlen(name) + 1
    memset(schema, 0, sizeof(ArrowSchema))
    schema.format = format
    schema.flags = flags
    schema.release = release_schema
    schema.private_data = malloc(size)
    schema.name = <const char *>schema.private_data
    if schema.private_data == NULL:
        return ENOMEM
    memcpy(schema.private_data, name, size)
    if children:
        schema.children = <ArrowSchema **>calloc(<size_t>children, sizeof(ArrowSchema *))
        if schema.children == NULL:
            return ENOMEM
        schema.n_children = children
    return 0


cdef ArrowSchema *child_schema(ArrowSchema *schema, int64_t place) noexcept nogil:
    schema.children[place] = <ArrowSchema *>calloc(1, sizeof(ArrowSchema))
    return schema.children[place]


cdef int set_column_schema(ArrowSchema *schema, const char *name, int32_t kind) noexcept nogil:
    cdef ArrowSchema *entries
    cdef ArrowSchema *key
    cdef ArrowSchema *value
    if kind == INTEGER:
        return set_schema(schema, b"l", name, NULLABLE, 0)
    if kind == DOUBLE:
        return set_schema(schema, b"g", name, NULLABLE, 0)
    if kind == TIME:
        return set_schema(schema, b"tsn:UTC", name, NULLABLE, 0)
    if kind == TEXT:
        return set_schema(schema, b"u", name, NULLABLE, 0)
    if kind == ID:
        if set_schema(schema, b"i", name, NULLABLE, 0):
            return ENOMEM
        schema.dictionary = <ArrowSchema *>calloc(1, sizeof(ArrowSchema))
        if schema.dictionary == NULL:
            return ENOMEM
        return set_schema(schema.dictionary, b"u", b"", NULLABLE, 0)
    if set_schema(schema, b"+m", name, NULLABLE, 1):
        return ENOMEM
    entries = child_schema(schema, 0)
    if entries == NULL or set_schema(entries, b"+s", b"entries", 0, 2):
        return ENOMEM
    key = child_schema(entries, 0)
    if key == NULL or set_schema(key, b"u", b"key", 0, 0):
        return ENOMEM
    value = child_schema(entries, 1)
    if value == NULL:
        return ENOMEM
    return set_schema(value, b"u", b"value", NULLABLE, 0)


cdef int make_schema(ArrowSchema *schema, const Names *names) noexcept nogil:
    # The schema of a table: a struct. Returns 0, or ENOMEM with nothing to release.
    cdef Py_ssize_t i
    cdef ArrowSchema *child
    cdef int failed = set_schema(schema, b"+s", b"", 0, names.count)
    for i in range(names.count):
        if failed:
            break
        child = child_schema(schema, i)
        failed = ENOMEM if child == NULL else set_column_schema(child, names.texts[i], names.kinds[i])
    if failed:
        release_schema(schema)
    return failed


# --- arrays

cdef struct Held:
    # What an array has of its own.
    Owner *owner
    const void *buffers[3]
    uint8_t *made       # a buffer that the columns do not have


cdef void release_array(ArrowArray *array) noexcept nogil:
    cdef Held *held = <Held *>array.private_data
    cdef int64_t i
    for i in range(array.n_children):
        if array.children[i] != NULL:
            if array.children[i].release != NULL:
                array.children[i].release(array.children[i])
            free(array.children[i])
    free(array.children)
    if array.dictionary != NULL:
        if array.dictionary.release != NULL:
            array.dictionary.release(array.dictionary)
        free(array.dictionary)
    leave_owner(held.owner)
    free(held.made)
    free(held)
    array.release = NULL


cdef Held *set_array(ArrowArray *array, Owner *owner, int64_t length, int64_t buffers, int64_t children) noexcept nogil:
    # NULL without memory: then there is nothing to release.
    cdef Held *held = <Held *>calloc(1, sizeof(Held))
    memset(array, 0, sizeof(ArrowArray))
    if held == NULL:
        return NULL
    if children:
        array.children = <ArrowArray **>calloc(<size_t>children, sizeof(ArrowArray *))
        if array.children == NULL:
            free(held)
            return NULL
    array.length = length
    array.n_buffers = buffers
    array.buffers = held.buffers
    array.n_children = children
    array.private_data = held
    array.release = release_array
    if owner != NULL:
        lm_use(&owner.users, 1)
        held.owner = owner
    return held


cdef ArrowArray *child_array(ArrowArray *array, int64_t place) noexcept nogil:
    array.children[place] = <ArrowArray *>calloc(1, sizeof(ArrowArray))
    return array.children[place]


cdef const uint8_t *NO_BYTES = b""


cdef inline const void *bytes_of(const Column *column) noexcept nogil:
    # Some consumers want a place also where there are no bytes.
    if column.data != NULL:
        return column.data
    return NO_BYTES


cdef int set_texts(ArrowArray *array, Owner *owner, const Column *column, int64_t rows) noexcept nogil:
    # Of a column of TEXT without nulls. A column that was never begun has no offsets: then there are no rows.
    cdef Held *held = set_array(array, owner, rows, 3, 0)
    if held == NULL:
        return ENOMEM
    if column.offsets == NULL:
        held.made = <uint8_t *>calloc(1, 4)
        if held.made == NULL:
            return ENOMEM
    held.buffers[1] = column.offsets if column.offsets != NULL else <const void *>held.made
    held.buffers[2] = bytes_of(column)
    return 0


cdef int set_nulls(ArrowArray *array, Held *held, int32_t kind, int64_t rows) noexcept nogil:
    # The buffers of a column that is all null, which has none: zeros for all of them. What is never written to takes no
    # memory where there is much of it.
    cdef int64_t size = 8 * (rows + 2)
    held.made = <uint8_t *>calloc(1, <size_t>size)
    if held.made == NULL:
        return ENOMEM
    array.null_count = rows
    held.buffers[0] = held.made
    held.buffers[1] = held.made
    if kind == TEXT:
        held.buffers[2] = NO_BYTES
    return 0


cdef int set_column(ArrowArray *array, Owner *owner, const Column *column, int64_t rows, Owner *ids) noexcept nogil:
    # Returns 0, or ENOMEM; what has been set can be released.
    cdef ArrowArray *entries
    cdef ArrowArray *key
    cdef ArrowArray *value
    cdef int64_t pairs
    cdef int32_t kind = column.kind
    cdef Held *held = set_array(
        array, owner, rows, 3 if kind == TEXT else 2, 1 if kind == PAIRS else 0
    )
    if held == NULL:
        return ENOMEM
    if column.values == 0:
        if set_nulls(array, held, kind, rows):
            return ENOMEM
    else:
        array.null_count = rows - column.values
        held.buffers[0] = column.valid if array.null_count else NULL
        if kind == TEXT:
            held.buffers[1] = column.offsets
            held.buffers[2] = bytes_of(column)
        elif kind == PAIRS:
            held.buffers[1] = column.offsets
        elif kind == ID:
            held.buffers[1] = column.ids
        else:
            held.buffers[1] = column.numbers
    if kind == ID:
        array.dictionary = <ArrowArray *>calloc(1, sizeof(ArrowArray))
        if array.dictionary == NULL:
            return ENOMEM
        return set_texts(array.dictionary, ids, &ids.columns[0], ids.columns[0].length)
    if kind == PAIRS:
        pairs = column.inner[0].length if column.values else 0
        entries = child_array(array, 0)
        if entries == NULL or set_array(entries, NULL, pairs, 1, 2) == NULL:
            return ENOMEM
        key = child_array(entries, 0)
        if key == NULL or set_texts(key, owner, &column.inner[0] if pairs else &NO_COLUMN, pairs):
            return ENOMEM
        value = child_array(entries, 1)
        if value == NULL or set_texts(value, owner, &column.inner[1] if pairs else &NO_COLUMN, pairs):
            return ENOMEM
    return 0


cdef Column NO_COLUMN


cdef int make_array(ArrowArray *array, Owner *owner, int64_t rows, Owner *ids) noexcept nogil:
    # The rows of a table: a struct. Returns 0, or ENOMEM with nothing to release.
    cdef Py_ssize_t i
    cdef ArrowArray *child
    if set_array(array, NULL, rows, 1, owner.count) == NULL:
        return ENOMEM
    for i in range(owner.count):
        child = child_array(array, i)
        if child == NULL or set_column(child, owner, &owner.columns[i], rows, ids):
            release_array(array)
            return ENOMEM
    return 0


# --- streams

cdef struct Batch:
    Owner *owner
    int64_t rows


cdef struct Stream:
    Names *names
    Owner *ids
    Batch *batches
    Py_ssize_t count, next


cdef int stream_schema(ArrowArrayStream *stream, ArrowSchema *schema) noexcept nogil:
    return make_schema(schema, (<Stream *>stream.private_data).names)


cdef int stream_next(ArrowArrayStream *stream, ArrowArray *array) noexcept nogil:
    cdef Stream *state = <Stream *>stream.private_data
    cdef int failed
    if state.next == state.count:
        memset(array, 0, sizeof(ArrowArray))    # released: the end
        return 0
    failed = make_array(array, state.batches[state.next].owner, state.batches[state.next].rows, state.ids)
    if not failed:
        state.next += 1
    return failed


cdef const char *stream_error(ArrowArrayStream *stream) noexcept nogil:
    return b"out of memory"


cdef void release_stream(ArrowArrayStream *stream) noexcept nogil:
    cdef Stream *state = <Stream *>stream.private_data
    cdef Py_ssize_t i
    for i in range(state.count):
        leave_owner(state.batches[i].owner)
    leave_owner(state.ids)
    leave_names(state.names)
    free(state.batches)
    free(state)
    stream.release = NULL


cdef void forget_stream(object capsule) noexcept:
    # Of a capsule that goes: a consumer that took the stream has set `release` to NULL.
    cdef ArrowArrayStream *stream = <ArrowArrayStream *>PyCapsule_GetPointer(capsule, "arrow_array_stream")
    if stream.release != NULL:
        stream.release(stream)
    free(stream)


cdef void forget_schema(object capsule) noexcept:
    cdef ArrowSchema *schema = <ArrowSchema *>PyCapsule_GetPointer(capsule, "arrow_schema")
    if schema.release != NULL:
        schema.release(schema)
    free(schema)


cdef Names *new_names(names, const uint8_t[::1] kinds) except NULL:
    cdef Names *made = <Names *>calloc(1, sizeof(Names))
    cdef Py_ssize_t i, size
    cdef bytes text
    if made == NULL:
        raise MemoryError
    made.users = 1
    made.kinds = <int32_t *>calloc(<size_t>len(names) + 1, sizeof(int32_t))
    made.texts = <char **>calloc(<size_t>len(names) + 1, sizeof(char *))
    try:
        if made.kinds == NULL or made.texts == NULL:
            raise MemoryError
        for i, text in enumerate(names):
            size = len(text)
            made.texts[i] = <char *>malloc(<size_t>size + 1)
            if made.texts[i] == NULL:
                raise MemoryError
            memcpy(made.texts[i], <const char *>text, <size_t>size + 1)
            made.kinds[i] = kinds[i]
            made.count += 1
    except BaseException:
        leave_names(made)
        raise
    return made


cdef Owner *new_owner(Column *columns, Py_ssize_t count) except NULL:
    # It has *columns* from now on, unless it cannot be made.
    cdef Owner *owner = <Owner *>calloc(1, sizeof(Owner))
    if owner == NULL:
        raise MemoryError
    owner.users = 1
    owner.count = count
    owner.columns = columns
    return owner


cdef Owner *new_dictionary(texts) except NULL:
    # A column of TEXT with these.
    cdef uint8_t kind = TEXT
    cdef Py_ssize_t row = 0, replaced = 0
    cdef bytes text
    cdef Text p
    cdef Column *column = new_columns(&kind, 1)
    try:
        for text in texts:
            p = <Text><const char *>text
            add_text(column, row, p, p + len(text), True, p + len(text), &replaced)
            row += 1
        return new_owner(column, 1)
    except BaseException:
        free_column(column)
        free(column)
        raise


@cython.final
cdef class Shape:
    """
    What the records of a table share: the kinds and names of its columns, and the texts of its ids.

    Args:
        kinds: a byte each.
        names: UTF-8.
        ids: what the numbers of columns of ids stand for, UTF-8.
    """

    cdef Names *names
    cdef Owner *ids
    cdef readonly bytes kinds

    def __cinit__(self, bytes kinds, names, ids):
        if len(names) != len(kinds) or any(kind >= KINDS for kind in kinds):
            raise ValueError("a kind and a name for each column")
        self.kinds = kinds
        self.names = new_names(names, kinds)
        self.ids = new_dictionary(ids)

    def __dealloc__(self):
        leave_owner(self.ids)
        leave_names(self.names)


@cython.final
cdef class ArrowRecords:
    """
    Records as columns: a table that whoever knows the Arrow PyCapsule interface can take, as often as it likes.

    Without a copy: `polars.DataFrame(records)`, `pyarrow.table(records)`, `duckdb.from_arrow(records)`,
    `pandas.DataFrame.from_arrow(records)`, `arro3.core.Table(records)`.
    """

    cdef Shape shape
    cdef Batch *batches
    cdef Py_ssize_t count
    cdef readonly int64_t num_rows
    cdef readonly int64_t replaced          # U+FFFD in place of bytes that are not UTF-8
    cdef readonly int64_t numbers_as_text   # numbers that are in the column `overflow`

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.count):
            leave_owner(self.batches[i].owner)
        free(self.batches)

    def __init__(self):
        raise TypeError("parse_arrow makes these")

    def __len__(self):
        return self.num_rows

    def __repr__(self):
        return f"<ArrowRecords: {self.num_rows} rows, {self.shape.names.count} columns>"

    @property
    def column_names(self):
        """The names of the columns, in their order."""
        return [self.shape.names.texts[i].decode() for i in range(self.shape.names.count)]

    def __arrow_c_schema__(self):
        """The schema, a struct, in a capsule named "arrow_schema"."""
        cdef ArrowSchema *schema = <ArrowSchema *>calloc(1, sizeof(ArrowSchema))
        if schema == NULL:
            raise MemoryError
        if make_schema(schema, self.shape.names):
            free(schema)
            raise MemoryError
        return PyCapsule_New(schema, "arrow_schema", forget_schema)

    def __arrow_c_stream__(self, requested_schema=None):
        """A stream of all rows, in a capsule named "arrow_array_stream"; no other schema than the own is given."""
        cdef ArrowArrayStream *stream = <ArrowArrayStream *>calloc(1, sizeof(ArrowArrayStream))
        cdef Stream *state = <Stream *>calloc(1, sizeof(Stream))
        cdef Py_ssize_t i
        if stream != NULL and state != NULL:
            state.batches = <Batch *>malloc(<size_t>(self.count + 1) * sizeof(Batch))
        if stream == NULL or state == NULL or state.batches == NULL:
            free(stream)
            free(state)
            raise MemoryError
        for i in range(self.count):
            state.batches[i] = self.batches[i]
            lm_use(&self.batches[i].owner.users, 1)
        state.count = self.count
        state.names = self.shape.names
        lm_use(&self.shape.names.users, 1)
        state.ids = self.shape.ids
        lm_use(&self.shape.ids.users, 1)
        stream.get_schema = stream_schema
        stream.get_next = stream_next
        stream.get_last_error = stream_error
        stream.release = release_stream
        stream.private_data = state
        return PyCapsule_New(stream, "arrow_array_stream", forget_stream)
