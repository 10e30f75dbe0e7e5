# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""
Records, where their values stand: JSON Lines as `parse` writes them -> columns as those of matches, for `_spans`.

Only the form that `parse` writes is known here: an object without blanks. A buffer with any other line is refused, and
read with a parser of JSON; so is, for a column that has them, what is no plain text and no plain number. Time and memory
go with the bytes.
"""

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memchr, memcmp, memcpy

cdef enum:
    FIELDS = 1000       # of a record; more are not read here
    KEYS = 16384        # bytes of a record's names
    TEXT = 1            # a string without escapes
    INTEGER = 2         # as it is written again
    OTHER = 4           # any other value


cdef int64_t _NONE = -9223372036854775807 - 1
NONE = _NONE
"""The number of a line that has none."""


@cython.final
cdef class Records:
    """
    What the records of a buffer hold, in columns; `whole` is False if a line of it is not as `parse` writes them.

    Attributes:
        line_begins, span_begins, spans, variant_numbers: as in `matches`; the number is that of a kind, -1 of a record
            without a template, and of a blank line -2.
        numbers: the numbers of the lines, as records say them; `NONE`: they do not.
        unread: values that only a parser can tell to be right, and that nobody needs.
        kinds: names that belong together, by kind: the file or None, the id, and the names of values, each as JSON has it.
        forms: for each field of each kind what was there: the sum of 1 (texts), 2 (integers), 4 (others).
    """

    cdef public object data, line_begins, span_begins, spans, variant_numbers, numbers
    cdef public list kinds, forms, unread
    cdef public bint whole
    cdef dict known

    def __init__(self, data):
        cdef const uint8_t[::1] view = data
        cdef Py_ssize_t size = view.shape[0], lines = 1, at = 0, line = 0, room = 1024
        cdef int32_t[::1] begins, span_begins, variants
        cdef int64_t[::1] numbers
        cdef const uint8_t *text
        cdef const uint8_t *end
        cdef const uint8_t *next_
        cdef int32_t *spans
        cdef Py_ssize_t used = 0
        self.data = data
        self.kinds, self.forms, self.unread, self.known, self.whole = [], [], [], {}, False
        if size == 0 or size > 0x7FFFFFFF:
            return
        for at in range(size):
            lines += view[at] == c"\n"
        self.line_begins = memoryview(bytearray(4 * lines)).cast("i")
        self.variant_numbers = memoryview(bytearray(4 * lines)).cast("i")
        self.span_begins = memoryview(bytearray(4 * (lines + 1))).cast("i")
        self.numbers = memoryview(bytearray(8 * lines)).cast("q")
        begins, span_begins, variants, numbers = self.line_begins, self.span_begins, self.variant_numbers, self.numbers
        spans = <int32_t *>malloc(<size_t>room * sizeof(int32_t))
        if spans == NULL:
            raise MemoryError
        try:
            text = &view[0]
            end = text + size
            for line in range(lines):
                # SAFETY: text <= end: it is the beginning of the data, or one behind a newline of it. There is a line more
                # than there are newlines, so the loop ends with the data.
                next_ = <const uint8_t *>memchr(text, c"\n", <size_t>(end - text)) if text < end else NULL
                if next_ == NULL:
                    next_ = end
                if room - used < 2 * FIELDS:
                    room *= 2
                    spans = grown(spans, room)
                begins[line] = <int32_t>(text - &view[0])
                span_begins[line] = <int32_t>used
                numbers[line] = _NONE
                variants[line] = self.read(text, next_, spans, &used, &numbers[line])
                if variants[line] == -3:
                    return
                text = next_ + 1
            span_begins[lines] = <int32_t>used
            self.spans = memoryview(bytearray(PyBytes_FromStringAndSize(<char *>spans, used * 4) or b"\0\0\0\0")).cast("i")
            self.whole = True
        finally:
            free(spans)

    cdef int32_t read(
        self, const uint8_t *begin, const uint8_t *end, int32_t *spans, Py_ssize_t *used, int64_t *number
    ) except? -9:
        # The kind of a record, -1: it has no template, -2: the line is blank, -3: it is not known here.
        # SAFETY: nothing is read at `end` or behind it: every step compares before it reads. `spans` has room for FIELDS
        # pairs from `used` on, and no more fields are taken; `names` has KEYS bytes, and `name` compares.
        cdef uint8_t[KEYS] names
        cdef uint8_t[FIELDS] forms
        cdef Py_ssize_t names_size = 0, fields = 0, file_size = 0
        cdef const uint8_t *at = begin
        cdef const uint8_t *key
        cdef const uint8_t *value
        cdef Py_ssize_t key_size
        cdef int form
        cdef bint has_id = False, has_values = False, matched = False
        if at == end or (end - at == 1 and at[0] == c"\r"):
            return -2
        if at[0] != c"{":
            return -3
        at += 1
        while True:
            key = at
            at = text_end(at, end, &form)
            if at == NULL or form != TEXT or at == end or at[0] != c":":
                return -3
            key, key_size = key + 1, at - key - 2
            at += 1
            value = at
            if is_key(key, key_size, b"values", 6):
                if has_values or not has_id:
                    return -3
                has_values = True
                at = self.read_values(at, end, begin, spans + used[0], forms, &fields, names, &names_size)
                if at == NULL:
                    return -3
            else:
                at = value_end(at, end, &form)
                if at == NULL:
                    return -3
                if is_key(key, key_size, b"template_id", 11):
                    if has_id or file_size > names_size:
                        return -3
                    has_id, matched = True, value[0] == c'"'
                    if not (form == TEXT or (at - value == 4 and memcmp(value, b"null", 4) == 0)):
                        return -3
                    if not name(names, &names_size, value, at - value):
                        return -3
                elif is_key(key, key_size, b"file", 4):
                    if has_id or names_size or form != TEXT or not name(names, &names_size, value, at - value):
                        return -3
                    file_size = names_size
                elif is_key(key, key_size, b"line", 4):
                    if form != INTEGER:
                        return -3
                    number[0] = integer(value, at)
                elif form == OTHER:
                    self.unread.append(PyBytes_FromStringAndSize(<const char *>value, at - value))
            if at == end:
                return -3
            at += 1
            if at[-1] == c"}":
                break
            if at[-1] != c",":
                return -3
        if not has_id or (at != end and not (end - at == 1 and at[0] == c"\r")):
            return -3
        if not matched:
            return -1
        return self.kind(names, names_size, file_size, forms, fields, used)

    cdef const uint8_t *read_values(
        self, const uint8_t *at, const uint8_t *end, const uint8_t *begin, int32_t *spans, uint8_t *forms,
        Py_ssize_t *fields, uint8_t *names, Py_ssize_t *names_size
    ) noexcept:
        cdef const uint8_t *key
        cdef int form
        if at == end or at[0] != c"{":
            return NULL
        at += 1
        if at < end and at[0] == c"}":
            return at + 1
        while True:
            if fields[0] == FIELDS:
                return NULL
            key = at
            at = text_end(at, end, &form)
            if at == NULL or form != TEXT or at == end or at[0] != c":":
                return NULL
            if not name(names, names_size, key, at - key):
                return NULL
            key = at + 1
            at = value_end(key, end, &form)
            if at == NULL or at == end:
                return NULL
            # What a text is stands in its quotes.
            spans[2 * fields[0]] = <int32_t>(key - begin + (key[0] == c'"'))
            spans[2 * fields[0] + 1] = <int32_t>(at - begin - (key[0] == c'"'))
            forms[fields[0]] = <uint8_t>form
            fields[0] += 1
            at += 1
            if at[-1] == c"}":
                return at
            if at[-1] != c",":
                return NULL

    cdef int32_t kind(
        self, uint8_t *names, Py_ssize_t names_size, Py_ssize_t file_size, uint8_t *forms, Py_ssize_t fields,
        Py_ssize_t *used
    ) except? -9:
        cdef Py_ssize_t at
        cdef bytearray seen
        key = PyBytes_FromStringAndSize(<char *>names, names_size)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = len(self.kinds)
            parts = key.split(b"\0")[:-1]
            self.kinds.append((parts[0] if file_size else None, parts[1 if file_size else 0], parts[2 if file_size else 1 :]))
            self.forms.append(bytearray(fields))
        seen = self.forms[found]
        for at in range(fields):
            # SAFETY: records of one kind have the same names, so they have so many fields.
            (<uint8_t *>(<char *>seen))[at] |= forms[at]
        used[0] += 2 * fields
        return <int32_t>found


cdef int32_t *grown(int32_t *spans, Py_ssize_t room) except NULL:
    cdef void *moved = realloc(spans, <size_t>room * sizeof(int32_t))
    if moved == NULL:
        raise MemoryError
    return <int32_t *>moved


cdef inline bint is_key(const uint8_t *key, Py_ssize_t size, const char *text, Py_ssize_t text_size) noexcept nogil:
    return size == text_size and memcmp(key, text, <size_t>size) == 0


cdef inline bint name(uint8_t *names, Py_ssize_t *size, const uint8_t *text, Py_ssize_t text_size) noexcept nogil:
    # Add a text and a zero, which no text of JSON holds; False: there is no room.
    if text_size >= KEYS - size[0]:
        return False
    memcpy(names + size[0], text, <size_t>text_size)
    names[size[0] + text_size] = 0
    size[0] += text_size + 1
    return True


cdef const uint8_t *text_end(const uint8_t *at, const uint8_t *end, int *form) noexcept nogil:
    # Where the string that begins at `at` ends, NULL: there is none.
    form[0] = TEXT
    if at >= end or at[0] != c'"':
        return NULL
    at += 1
    while at < end and at[0] != c'"':
        if at[0] == c"\\":
            form[0] = OTHER
            at += 1
        elif at[0] < 0x20:
            return NULL
        at += 1
    return at + 1 if at < end else NULL


cdef const uint8_t *value_end(const uint8_t *at, const uint8_t *end, int *form) noexcept nogil:
    # Where the value that begins at `at` ends, NULL: there is none that is known here. Of others than texts and integers
    # only the extent is found; whoever takes them reads them with a parser.
    cdef const uint8_t *begin = at
    if at >= end:
        return NULL
    if at[0] == c'"':
        return text_end(at, end, form)
    if at[0] == c"{" or at[0] == c"[":
        at = nested_end(at, end)
        form[0] = OTHER
        return at
    while at < end and at[0] != c"," and at[0] != c"}" and at[0] != c"]":
        if not (c"0" <= at[0] <= c"9" or c"a" <= at[0] <= c"z" or at[0] == c"." or at[0] == c"+" or at[0] == c"-"
                or at[0] == c"E"):
            return NULL
        at += 1
    form[0] = INTEGER if is_integer(begin, at) else OTHER
    return at if at > begin else NULL


cdef const uint8_t *nested_end(const uint8_t *at, const uint8_t *end) noexcept nogil:
    cdef Py_ssize_t depth = 0
    cdef int form
    while at < end:
        if at[0] == c'"':
            at = text_end(at, end, &form)
            if at == NULL:
                return NULL
            continue
        if at[0] == c"{" or at[0] == c"[":
            depth += 1
        elif at[0] == c"}" or at[0] == c"]":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return NULL


cdef bint is_integer(const uint8_t *at, const uint8_t *end) noexcept nogil:
    # Whether these bytes are an integer that is written again as it is.
    cdef Py_ssize_t size
    if at < end and at[0] == c"-":
        at += 1
        if at < end and at[0] == c"0":
            return False
    size = end - at
    if not 1 <= size <= 18 or (at[0] == c"0" and size > 1):
        return False
    while at < end:
        if not c"0" <= at[0] <= c"9":
            return False
        at += 1
    return True


cdef int64_t integer(const uint8_t *at, const uint8_t *end) noexcept nogil:
    # SAFETY: `is_integer` has looked: at most 18 digits, which fit.
    cdef int64_t value = 0
    cdef bint negative = at[0] == c"-"
    at += negative
    while at < end:
        value = 10 * value + at[0] - c"0"
        at += 1
    return -value if negative else value
