# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""
Unwrap: physical lines in, entries out: `unwrap.PythonUnwrapper`, which is the definition, compiled.

An entry is a row of numbers and its text; texts stand one after the other, each with a line break behind it. A partial
line has its row from its first piece on, and its text, of which no more is kept than can be needed, is with its stream
until the last piece has come. Nothing is ever read again but what is held back.
"""

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memchr, memcmp, memcpy, memmove, memset

cdef extern from "_simd.h" nogil:
    Py_ssize_t lm_plain(const uint8_t *p, const uint8_t *end, const uint8_t *readable)

ctypedef const uint8_t *Text

cdef enum:
    CRI
    DOCKER
    JOURNALD
    JSON
    MOST_DEPTH = 512        # as `envelope.MOST_DEPTH`
    STREAMS = 3             # none, stdout, stderr
    HEAD = 1024             # as `unwrap.HEAD`
    SLACK = 64
    MOST_BYTES = 0x7FFFFF00  # of all texts together: their places have 32 bits
    # as `entries.State`
    WHOLE = 0
    TRUNCATED = 1
    TOO_LONG = 2
    NO_ENVELOPE = 3
    NO_MESSAGE = 4

KINDS = {"cri": CRI, "docker": DOCKER, "journald": JOURNALD, "json": JSON}

include "_json_scan.pxi"


cdef struct Bytes:
    uint8_t *data
    Py_ssize_t size, room


cdef struct Name:
    const uint8_t *text
    Py_ssize_t size


cdef struct Row:
    int32_t begin, end, more_end, input_begin, input_end
    int64_t line, lines, offset, size
    uint8_t state, stream, is_open


cdef struct Open:
    # A stream: its partial line, if there is one, or that the rest of one is left out.
    Bytes text              # the beginning
    uint8_t[2] tail         # its last two bytes
    int tail_size
    int64_t size            # bytes of all of it
    int64_t held            # see `Unwrapper.held`, when it began
    Py_ssize_t row
    bint is_open, is_skipped


cdef struct Piece:
    # What a physical line holds. Its text is a string of JSON where `is_string`, without its quotes.
    Text text
    Text end
    bint is_string, is_bytes, is_partial
    uint8_t stream


cdef int grow(Bytes *bytes_, Py_ssize_t more) except -1 nogil:
    # Room for `more` bytes, and SLACK.
    cdef Py_ssize_t room = bytes_.size + more + SLACK
    cdef void *moved
    if room <= bytes_.room:
        return 0
    if room > MOST_BYTES:
        with gil:
            raise MemoryError
    room += room >> 1
    moved = realloc(bytes_.data, <size_t>room)
    if moved == NULL:
        with gil:
            raise MemoryError
    bytes_.data = <uint8_t *>moved
    bytes_.room = room
    return 0


cdef inline void put(Bytes *bytes_, const uint8_t *text, Py_ssize_t size) noexcept nogil:
    # SAFETY: the caller has made room. Nothing has no place, and `memcpy` wants one.
    if size:
        memcpy(bytes_.data + bytes_.size, text, <size_t>size)
        bytes_.size += size


cdef inline void put_byte(Bytes *bytes_, uint8_t byte) noexcept nogil:
    # SAFETY: the same.
    bytes_.data[bytes_.size] = byte
    bytes_.size += 1


cdef const char *STDOUT = "stdout"
cdef const char *STDERR = "stderr"
cdef const char *STREAM = "stream"
cdef const char *TIME = "0000-00-00T00:00:00"


cdef Text time_end(Text p, Text end) noexcept nogil:
    # Behind the time of a CRI line; NULL where there is none.
    cdef int i
    if end - p < 20:
        return NULL
    for i in range(19):
        if TIME[i] == c'0':
            if not c'0' <= p[i] <= c'9':
                return NULL
        elif p[i] != <uint8_t>TIME[i]:
            return NULL
    p += 19
    if p[0] == c'.':
        p += 1
        if p >= end or not c'0' <= p[0] <= c'9':
            return NULL
        while p < end and c'0' <= p[0] <= c'9':
            p += 1
    if p < end and p[0] == c'Z':
        return p + 1
    if end - p < 6 or (p[0] != c'+' and p[0] != c'-') or p[3] != c':':
        return NULL
    for i in range(1, 6):
        if i != 3 and not c'0' <= p[i] <= c'9':
            return NULL
    return p + 6


@cython.final
cdef class Unwrapper:
    """
    See `unwrap.Unwrapper`.

    Args:
        kind: one of `KINDS`.
        path: the names on the way to the text.
        keys: the other keys that are kept; None: all.
        max_line: how many bytes a text may have.
        most_held, entry_size: what `unwrap` calls so.
    """

    cdef int kind
    cdef tuple names_of             # the memory of the names
    cdef Name *path
    cdef int path_count
    cdef Name *keys
    cdef int key_count              # -1: all are kept
    cdef int64_t max_line, most_held, entry_size, most_kept
    cdef int64_t held               # bytes of entries that have been whole
    cdef readonly int64_t left_out
    """How many physical lines are in no entry."""
    cdef Row *rows
    cdef Py_ssize_t row_count, row_room
    cdef Bytes text, inputs
    cdef Open[STREAMS] streams
    cdef int open_count
    cdef Text found                 # the value of the field in the line at hand; NULL: there is none
    cdef Text found_end
    cdef Text stream_of             # the value of "stream" in a line of Docker
    cdef Text stream_end
    cdef bint is_time_kept, is_stream_kept, are_tags_kept

    def __cinit__(
        self, str kind, tuple path, keys, *, int64_t max_line, int64_t most_held, int64_t entry_size
    ):
        cdef int i
        memset(&self.text, 0, sizeof(Bytes))
        memset(&self.inputs, 0, sizeof(Bytes))
        memset(self.streams, 0, sizeof(self.streams))
        self.kind = KINDS[kind]
        chosen = keys if keys is not None else ()
        self.names_of = (*path, *chosen)
        self.path_count = len(path)
        self.key_count = -1 if keys is None else len(chosen)
        if not 0 <= self.path_count < MOST_DEPTH:
            raise ValueError("the path is too long")
        self.path = <Name *>malloc(<size_t>(len(self.names_of) + 1) * sizeof(Name))
        if self.path == NULL:
            raise MemoryError
        self.keys = self.path + self.path_count
        for i, name in enumerate(self.names_of):
            self.path[i].text = <const uint8_t *><const char *><bytes>name
            self.path[i].size = len(name)
        self.max_line = max_line
        self.most_kept = max(max_line + 2, HEAD)
        self.most_held = most_held
        self.entry_size = entry_size
        self.is_time_kept = keys is None or b"time" in keys
        self.is_stream_kept = keys is None or b"stream" in keys
        self.are_tags_kept = keys is None or b"tags" in keys

    def __dealloc__(self):
        cdef int i
        free(self.path)
        free(self.rows)
        free(self.text.data)
        free(self.inputs.data)
        for i in range(STREAMS):
            free(self.streams[i].text.data)

    def feed(self, const uint8_t[::1] data not None, int64_t first_line, int64_t offset):
        """See `unwrap.Unwrapper.feed`; without the GIL."""
        cdef Text p, end, line_end, readable
        cdef bint is_ended
        if data.shape[0] == 0:
            return
        p = &data[0]
        readable = end = p + data.shape[0]
        with nogil:
            while p < end:
                line_end = <Text>memchr(p, c'\n', <size_t>(end - p))
                is_ended = line_end != NULL
                if line_end == NULL:
                    line_end = end
                self.add_line(p, line_end, readable, is_ended, first_line, offset)
                if self.open_count:
                    self.end_held()
                first_line += 1
                offset += line_end - p + 1
                p = line_end + 1

    def add_too_long(self, const uint8_t[::1] head not None, int64_t size, int64_t line_number, int64_t offset):
        """See `unwrap.Unwrapper.add_too_long`."""
        cdef Row *row = self.new_row(line_number, offset, 0)
        cdef Py_ssize_t n = head.shape[0]
        grow(&self.text, n)
        if n:
            put(&self.text, &head[0], n)
        row.size = size
        row.state = TOO_LONG
        self.finish(row, n)
        if self.open_count:
            self.end_held()

    def end(self):
        """See `unwrap.Unwrapper.end`."""
        cdef int stream, first
        # In the order in which they began, as `held` wants it.
        for _ in range(STREAMS):
            first = -1
            for stream in range(STREAMS):
                if self.streams[stream].is_open and (first < 0 or self.streams[stream].row < self.streams[first].row):
                    first = stream
            if first >= 0:
                self.close(first)

    def take(self):
        """
        None, or: the line and the offset of the first entry, how many physical lines there are, the texts, the inputs,
        and the columns in the order of `entries.COLUMNS`, as bytes.
        """
        cdef Py_ssize_t count = self.row_count, i
        cdef int64_t lines = 0
        cdef int stream
        cdef Row *row
        cdef Row *first
        cdef list columns = []
        for stream in range(STREAMS):
            if self.streams[stream].is_open and self.streams[stream].row < count:
                count = self.streams[stream].row
        if count == 0:
            return None
        for i in range(11):
            columns.append(PyBytes_FromStringAndSize(NULL, count * (4 if i < 5 else 8 if i < 9 else 1)))
        cdef int32_t *begins = <int32_t *><char *><bytes>columns[0]
        cdef int32_t *ends = <int32_t *><char *><bytes>columns[1]
        cdef int32_t *more_ends = <int32_t *><char *><bytes>columns[2]
        cdef int32_t *input_begins = <int32_t *><char *><bytes>columns[3]
        cdef int32_t *input_ends = <int32_t *><char *><bytes>columns[4]
        cdef int64_t *line_deltas = <int64_t *><char *><bytes>columns[5]
        cdef int64_t *line_counts = <int64_t *><char *><bytes>columns[6]
        cdef int64_t *offset_deltas = <int64_t *><char *><bytes>columns[7]
        cdef int64_t *sizes = <int64_t *><char *><bytes>columns[8]
        cdef uint8_t *states = <uint8_t *><char *><bytes>columns[9]
        cdef uint8_t *streams = <uint8_t *><char *><bytes>columns[10]
        first = self.rows
        for i in range(count):
            row = self.rows + i
            begins[i] = row.begin
            ends[i] = row.end
            more_ends[i] = row.more_end
            input_begins[i] = row.input_begin
            input_ends[i] = row.input_end
            line_deltas[i] = row.line - first.line
            line_counts[i] = row.lines
            offset_deltas[i] = row.offset - first.offset
            sizes[i] = row.size
            states[i] = row.state
            streams[i] = row.stream
            lines += row.lines
        data = PyBytes_FromStringAndSize(<const char *>self.text.data, self.text.size)
        inputs = PyBytes_FromStringAndSize(<const char *>self.inputs.data, self.inputs.size)
        result = first.line, first.offset, lines, data, inputs, tuple(columns)
        self.keep_from(count, data, inputs)
        return result

    cdef int keep_from(self, Py_ssize_t count, bytes data, bytes inputs) except -1:
        # Forget the first rows; move the texts of the others, which are in data and inputs, to the beginning.
        cdef Py_ssize_t i
        cdef int stream
        cdef int32_t size
        cdef Row *row
        cdef Text text = <Text><const char *>data
        cdef Text input_ = <Text><const char *>inputs
        self.text.size = self.inputs.size = 0
        self.row_count -= count
        memmove(self.rows, self.rows + count, <size_t>self.row_count * sizeof(Row))
        for i in range(self.row_count):
            # SAFETY: the texts of some of the rows are no longer than those of all of them, in memory that held these.
            row = self.rows + i
            size = row.input_end - row.input_begin
            put(&self.inputs, input_ + row.input_begin, size)
            row.input_end = <int32_t>self.inputs.size
            row.input_begin = row.input_end - size
            if not row.is_open:
                size = row.more_end + 1 - row.begin
                put(&self.text, text + row.begin, size)
                row.end += <int32_t>self.text.size - size - row.begin
                row.begin = <int32_t>self.text.size - size
                row.more_end = <int32_t>self.text.size - 1
        for stream in range(STREAMS):
            self.streams[stream].row -= count
        return 0

    cdef Row *new_row(self, int64_t line, int64_t offset, uint8_t stream) except NULL nogil:
        cdef void *moved
        cdef Row *row
        if self.row_count == self.row_room:
            moved = realloc(self.rows, <size_t>(2 * self.row_room + 1024) * sizeof(Row))
            if moved == NULL:
                with gil:
                    raise MemoryError
            self.rows = <Row *>moved
            self.row_room = 2 * self.row_room + 1024
        row = self.rows + self.row_count
        self.row_count += 1
        memset(row, 0, sizeof(Row))
        row.line = line
        row.offset = offset
        row.lines = 1
        row.stream = stream
        row.input_begin = row.input_end = <int32_t>self.inputs.size
        return row

    cdef void finish(self, Row *row, Py_ssize_t size) noexcept nogil:
        # The row's text are the last `size` bytes of all texts.
        # SAFETY: SLACK, for the line break.
        row.begin = <int32_t>(self.text.size - size)
        row.end = row.more_end = <int32_t>self.text.size
        self.text.data[self.text.size] = c'\n'
        self.text.size += 1
        self.held += size + self.entry_size

    cdef int add_line(
        self, Text p, Text end, Text readable, bint is_ended, int64_t line, int64_t offset
    ) except -1 nogil:
        cdef Piece piece
        cdef Row *row
        cdef Open *stream
        cdef Py_ssize_t input_size = self.inputs.size, size
        cdef int32_t input_end
        cdef uint8_t *text
        cdef int state
        grow(&self.inputs, end - p)
        piece.is_string = piece.is_bytes = piece.is_partial = False
        piece.stream = 0
        state = self.parse_cri(p, end, &piece) if self.kind == CRI else self.parse_json(p, end, readable, &piece)
        if state != WHOLE:
            self.inputs.size = input_size
            if is_ended and end > p and (end - 1)[0] == c'\r':
                end -= 1
            row = self.new_row(line, offset, 0)
            row.state = <uint8_t>state
            grow(&self.text, end - p)
            put(&self.text, p, end - p)
            self.finish(row, end - p)
            return 0
        # The text, behind all others.
        grow(&self.text, piece.end - piece.text)
        text = self.text.data + self.text.size
        if piece.is_string:
            size = put_unescaped(text, piece.text, piece.end) - text
        elif piece.is_bytes:
            size = put_bytes(text, piece.text, piece.end) - text
        else:
            size = piece.end - piece.text
            memcpy(text, piece.text, <size_t>size)
        if self.kind == DOCKER:
            piece.is_partial = size == 0 or text[size - 1] != c'\n'
        stream = &self.streams[piece.stream]
        if stream.is_skipped:
            self.inputs.size = input_size
            self.left_out += 1
            stream.is_skipped = piece.is_partial
            return 0
        if not stream.is_open:
            input_end = <int32_t>self.inputs.size
            self.inputs.size = input_size
            row = self.new_row(line, offset, piece.stream)
            row.input_end = input_end
            self.inputs.size = input_end
            if not piece.is_partial:
                self.text.size += size
                self.set_text(row, size, size, text + size)
                return 0
            row.is_open = True
            stream.is_open = True
            self.open_count += 1
            stream.row = self.row_count - 1
            stream.size = 0
            stream.tail_size = 0
            stream.text.size = 0
            stream.held = self.held
        else:
            self.inputs.size = input_size
            self.rows[stream.row].lines += 1
        self.extend(stream, text, size)
        if not piece.is_partial:
            self.close(piece.stream)
        return 0

    cdef int extend(self, Open *stream, const uint8_t *text, Py_ssize_t size) except -1 nogil:
        # A partial line goes on.
        cdef Py_ssize_t kept = <Py_ssize_t>self.most_kept - stream.text.size
        stream.size += size
        if kept > size:
            kept = size
        if kept > 0:
            grow(&stream.text, kept)
            put(&stream.text, text, kept)
        if size >= 2:
            stream.tail[0] = text[size - 2]
            stream.tail[1] = text[size - 1]
            stream.tail_size = 2
        elif size == 1:
            stream.tail[0] = stream.tail[1]
            stream.tail[1] = text[0]
            stream.tail_size = 2 if stream.tail_size else 1
        return 0

    cdef int close(self, int number) except -1 nogil:
        # A partial line has come to its end.
        cdef Open *stream = &self.streams[number]
        cdef Row *row = self.rows + stream.row
        grow(&self.text, stream.text.size)
        put(&self.text, stream.text.data, stream.text.size)
        row.is_open = False
        stream.is_open = False
        self.open_count -= 1
        self.set_text(row, stream.text.size, stream.size, stream.tail + 2, stream.tail_size)
        return 0

    cdef void set_text(
        self, Row *row, Py_ssize_t kept, int64_t size, const uint8_t *tail_end, int tail_size=2
    ) noexcept nogil:
        # The row's text has `size` bytes; the last `kept` bytes of all texts are its beginning, and its last bytes stand
        # before `tail_end`.
        cdef uint8_t *text
        cdef uint8_t *to
        cdef uint8_t *end
        cdef uint8_t *line_end
        if size < tail_size:
            tail_size = <int>size
        if tail_size > 0 and (tail_end - 1)[0] == c'\n':
            size -= 2 if tail_size > 1 and (tail_end - 2)[0] == c'\r' else 1
        self.text.size -= kept
        if size < kept:
            kept = <Py_ssize_t>size
        if size > self.max_line:
            row.state = TOO_LONG
            row.size = size
            if kept > HEAD:
                kept = HEAD
            self.text.size += kept
            self.finish(row, kept)
            return
        text = self.text.data + self.text.size
        line_end = <uint8_t *>memchr(text, c'\n', <size_t>kept) if kept else NULL
        if line_end == NULL:
            self.text.size += kept
            self.finish(row, kept)
            return
        # Several lines. One "\r" before each line break goes.
        row.begin = <int32_t>self.text.size
        end = text + kept
        to = text
        row.end = -1
        while line_end != NULL:
            kept = line_end - text
            if kept and (line_end - 1)[0] == c'\r':
                kept -= 1
            memmove(to, text, <size_t>kept)
            to += kept
            if row.end < 0:
                row.end = <int32_t>(to - self.text.data)
            to[0] = c'\n'
            to += 1
            text = line_end + 1
            line_end = <uint8_t *>memchr(text, c'\n', <size_t>(end - text)) if text < end else NULL
        memmove(to, text, <size_t>(end - text))
        to += end - text
        row.more_end = <int32_t>(to - self.text.data)
        to[0] = c'\n'
        self.text.size = row.more_end + 1
        self.held += row.end - row.begin + self.entry_size

    cdef int end_held(self) except -1 nogil:
        # End what has kept too much waiting, in the order in which it began; the rest of it is left out.
        cdef int number, first
        cdef Row *row
        while True:
            first = -1
            for number in range(STREAMS):
                if self.streams[number].is_open and self.held - self.streams[number].held > self.most_held:
                    if first < 0 or self.streams[number].row < self.streams[first].row:
                        first = number
            if first < 0:
                return 0
            row = self.rows + self.streams[first].row
            self.close(first)
            if row.state == WHOLE:
                row.state = TRUNCATED
            self.streams[first].is_skipped = True

    cdef int parse_cri(self, Text p, Text end, Piece *piece) noexcept nogil:
        cdef Text start = p
        cdef Text tags
        cdef Bytes *to = &self.inputs
        cdef bint begun = False
        p = time_end(p, end)
        if p == NULL or end - p < 9 or p[0] != c' ':
            return NO_ENVELOPE
        if memcmp(p + 1, b"stdout ", 7) == 0:
            piece.stream = 1
        elif memcmp(p + 1, b"stderr ", 7) == 0:
            piece.stream = 2
        else:
            return NO_ENVELOPE
        if p[8] != c'P' and p[8] != c'F':
            return NO_ENVELOPE
        piece.is_partial = p[8] == c'P'
        tags = p + 9
        if tags < end and tags[0] == c':':
            p = tags + 1
            while p < end and c'!' <= p[0] <= c'~' and p[0] != c'"' and p[0] != c'\\':
                p += 1
        else:
            p = tags
        if p < end and p[0] != c' ':
            return NO_ENVELOPE
        piece.text = p + 1 if p < end else end
        piece.end = end
        if not piece.is_partial and end > piece.text and (end - 1)[0] == c'\r':
            piece.end -= 1
        if self.key_count == 0:
            return WHOLE
        # SAFETY: room for as many bytes as the line has, and SLACK, which is more than all that is put around them.
        if self.is_time_kept:
            put(to, b'{"time":"', 9)
            put(to, start, time_end(start, end) - start)
            put_byte(to, c'"')
            begun = True
        if self.is_stream_kept:
            put_byte(to, c',' if begun else c'{')
            put(to, b'"stream":"std', 13)
            if piece.stream == 1:
                put(to, b'out"', 4)
            else:
                put(to, b'err"', 4)
            begun = True
        if self.are_tags_kept and p - tags > 1:
            put_byte(to, c',' if begun else c'{')
            put(to, b'"tags":"', 8)
            put(to, tags + 1, p - tags - 1)
            put_byte(to, c'"')
            begun = True
        if begun:
            put_byte(to, c'}')
        return WHOLE

    cdef int parse_json(self, Text p, Text end, Text readable, Piece *piece) noexcept nogil:
        cdef Py_ssize_t input_size = self.inputs.size
        self.found = NULL
        self.stream_of = NULL
        p = skip_blanks(p, end)
        if p >= end or p[0] != c'{':
            return NO_ENVELOPE
        # SAFETY: what is kept of a member are its own bytes and the comma before it, which the line has too, or its
        # brace: never more bytes than the line has, for which there is room.
        self.inputs.data[self.inputs.size] = c'{'
        self.inputs.size += 1
        p = self.members(p, end, readable, 0, True)
        if p == NULL or skip_blanks(p, end) != end:
            return NO_ENVELOPE
        if self.inputs.size == input_size + 1:
            self.inputs.size = input_size
        else:
            put_byte(&self.inputs, c'}')
        if self.found == NULL or self.found[0] == c'n':
            return NO_MESSAGE
        piece.text = self.found
        piece.end = self.found_end
        if self.found[0] == c'"':
            piece.text += 1
            piece.end -= 1
            piece.is_string = True
        elif self.kind == JOURNALD and self.found[0] == c'[':
            piece.is_bytes = are_bytes(self.found, self.found_end)
        if self.stream_of != NULL and self.stream_of[0] == c'"':
            if says(self.stream_of + 1, self.stream_end - 1, STDOUT, 6):
                piece.stream = 1
            elif says(self.stream_of + 1, self.stream_end - 1, STDERR, 6):
                piece.stream = 2
        return WHOLE

    cdef Text members(self, Text p, Text end, Text readable, int depth, bint is_kept) noexcept nogil:
        # Behind the object at p, on the path to the text, whose members are added to the inputs where it is kept.
        cdef Bytes *to = &self.inputs
        cdef Text start
        cdef Text name_stop
        cdef Text begin
        cdef bint is_on_path, is_member_kept, begun = False
        p = skip_blanks(p + 1, end)
        if p < end and p[0] == c'}':
            return p + 1
        while True:
            start = p
            if p >= end or p[0] != c'"':
                return NULL
            name_stop = string_end(p + 1, end, readable)
            if name_stop == NULL:
                return NULL
            p = skip_blanks(name_stop + 1, end)
            if p >= end or p[0] != c':':
                return NULL
            begin = p = skip_blanks(p + 1, end)
            is_on_path = depth < self.path_count and says(
                start + 1, name_stop, self.path[depth].text, self.path[depth].size
            )
            is_member_kept = is_kept and (depth > 0 or self.key_count < 0 or self.is_chosen(start + 1, name_stop))
            if is_on_path:
                self.found = NULL
            if is_on_path and depth + 1 < self.path_count and p < end and p[0] == c'{':
                if is_member_kept:
                    if begun:
                        put_byte(to, c',')
                    begun = True
                    put(to, start, begin + 1 - start)
                p = self.members(p, end, readable, depth + 1, is_member_kept)
                if p == NULL:
                    return NULL
                if is_member_kept:
                    put_byte(to, c'}')
            else:
                p = value_end(p, end, readable, depth + 1)
                if p == NULL:
                    return NULL
                if is_on_path and depth + 1 == self.path_count:
                    self.found = begin
                    self.found_end = p
                elif is_member_kept:
                    if begun:
                        put_byte(to, c',')
                    begun = True
                    put(to, start, p - start)
                if depth == 0 and self.kind == DOCKER and says(start + 1, name_stop, STREAM, 6):
                    self.stream_of = begin
                    self.stream_end = p
            p = skip_blanks(p, end)
            if p >= end:
                return NULL
            if p[0] == c'}':
                return p + 1
            if p[0] != c',':
                return NULL
            p = skip_blanks(p + 1, end)

    cdef bint is_chosen(self, Text name, Text end) noexcept nogil:
        cdef int i
        for i in range(self.key_count):
            if says(name, end, self.keys[i].text, self.keys[i].size):
                return True
        return False


cdef bint are_bytes(Text p, Text end) noexcept nogil:
    # Whether the list at p, which is right, has nothing but whole numbers below 256.
    cdef int number, digits
    p = skip_blanks(p + 1, end)
    if p[0] == c']':
        return True
    while True:
        number = digits = 0
        while p < end and c'0' <= p[0] <= c'9' and digits < 4:
            number = 10 * number + (p[0] - c'0')
            digits += 1
            p += 1
        if not 0 < digits < 4 or number > 255:
            return False
        p = skip_blanks(p, end)
        if p >= end or (p[0] != c',' and p[0] != c']'):
            return False
        if p[0] == c']':
            return True
        p = skip_blanks(p + 1, end)


cdef uint8_t *put_bytes(uint8_t *to, Text p, Text end) noexcept nogil:
    # Write what the list says; it is one of bytes, each of which takes two of it at least.
    cdef int number
    while p < end:
        if c'0' <= p[0] <= c'9':
            number = 0
            while c'0' <= p[0] <= c'9':
                number = 10 * number + (p[0] - c'0')
                p += 1
            to[0] = <uint8_t>number
            to += 1
        p += 1
    return to
