# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""
Kernel: the loop over the lines of one chunk: bytes and integers in, integers out. It imports nothing of ours.

It runs a *machine*: code (32-bit words) that `native` makes of a program, one tree over the items of all variants. Each
instruction takes a piece of the line or fails. What can go on in several ways leaves a *frame* (a choice that is open);
a failure takes up the last frame. Where ways part, each says which variant is the best that can come of it; with that
number frames are dropped once a better variant has matched, and where the line ends it is the variant that matches.

The instructions begin with a word whose lowest byte is the operation and which holds a number or more above it:

    LITERAL n, n bytes                    these n bytes stand here
    TOKEN type, return                    the longest text of a token type
    WORDS k, (n, n bytes)*k               the first of these words, of which longer ones stand first
    REGEX, field                          a `/regex/` field: asked of Python
    END                                   the line ends here
    SPLIT k, (least, target)*k            ways to go on, each with its least variant number, in ascending order
    FORK which, set[8], (least, target)*2 SPLIT into two, of which one (0, 1) begins with literals: their first bytes as bits
    BYTE k, keys[16], (least, target)*k   where the next byte leads to; at most 16 keys
    BYTES, indices[256], (least, target)* the same for more: an index for each byte, 255 where it leads nowhere
    TABLE k, tables                       where the next k bytes lead to, 2 to 8 of them: see `slot_of`
    FIELDS k, type*k                      k words or tokens without whitespace in them, behind each of them one space
    ANY_... flags, [return] …             text of the type `any`, and what follows it:
        ANY_END                               the end of the line
        ANY_SUFFIX n, n bytes                 these bytes, which end the line
        ANY_LITERAL first last, n, n bytes    these bytes, then more instructions; the first and the last of them
        ANY_SWEEP sets                        anything else; `sets` says with which two bytes it can begin
    FREE_... flags kind, [return] …       other free text, the same, and:
        FREE_SPACE n, n bytes                 these bytes, of which the first is whitespace: where the text has to end

What stands behind a comma is in words of its own; a number above the operation is 24 bits, and several are 8 bits each.
Bytes are packed into words, four each; behind the code stand `PADDING` bytes, so that 16 can be read from any of them.
No variant number stands in the instructions of a way that does not part any more, so that variants which end alike share
them: with thousands of templates the code stays small, and in the processor's cache.

Time for a line is bounded by (length of the line) x (size of the code), as `reference.walk` is and by the same
argument: where free text has once been extended to a place in vain, it never is again. Since it is always extended up
to the end of what it may take, that memory is one number for each FREE instruction (`Memo`) and not one for each byte.
"""

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.ref cimport PyObject
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

cdef extern from "_simd.h" nogil:
    size_t lm_split(const uint8_t *p, size_t n, int32_t *ends, uint8_t *special, size_t room, size_t *done, int *rest)
    size_t lm_count(const uint8_t *p, size_t n)
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
    const uint8_t *lm_find(const uint8_t *p, const uint8_t *end, const uint8_t *needle, Py_ssize_t n, uint8_t first, uint8_t last,
                           const uint8_t *readable)
    const uint8_t *lm_find_space(const uint8_t *p, const uint8_t *end, const uint8_t *readable)
    int lm_index(const uint8_t *table, int k, uint8_t b)
    bint LM_LIKELY(bint x)
    bint LM_UNLIKELY(bint x)
    enum:
        LM_SETS_SIZE
        PATIENCE "LM_PATIENCE"              # after so many frames taken up in a line, what is in vain is written down
        MOST_BY_LIMIT "LM_MOST_BY_LIMIT"    # how many numbers all `Memo.by_limit` may hold together (64 MiB of them)

SIMD = lm_choose().decode()
SETS_SIZE = LM_SETS_SIZE
PADDING = 64
MOST_BYTES = 0x7FFFFF00
"""How many bytes `Kernel.match` takes at once: offsets have 32 bits."""

# --- instructions

cdef enum:
    LITERAL = 1
    TOKEN = 2
    WORDS = 3
    REGEX = 4
    END = 5
    SPLIT = 6
    BYTE = 7
    BYTES = 8
    TABLE = 9
    FIELDS = 10
    ANY_END = 11
    ANY_SUFFIX = 12
    ANY_LITERAL = 13
    ANY_SWEEP = 14
    FREE_END = 15
    FREE_SUFFIX = 16
    FREE_SPACE = 17
    FREE_LITERAL = 18
    FREE_SWEEP = 19
    FORK = 20

OPERATIONS = {
    "LITERAL": LITERAL,
    "TOKEN": TOKEN,
    "WORDS": WORDS,
    "REGEX": REGEX,
    "END": END,
    "SPLIT": SPLIT,
    "BYTE": BYTE,
    "BYTES": BYTES,
    "TABLE": TABLE,
    "FIELDS": FIELDS,
    "ANY_END": ANY_END,
    "ANY_SUFFIX": ANY_SUFFIX,
    "ANY_LITERAL": ANY_LITERAL,
    "ANY_SWEEP": ANY_SWEEP,
    "FREE_END": FREE_END,
    "FREE_SUFFIX": FREE_SUFFIX,
    "FREE_SPACE": FREE_SPACE,
    "FREE_LITERAL": FREE_LITERAL,
    "FREE_SWEEP": FREE_SWEEP,
    "FORK": FORK,
}

cdef enum:
    ANY = 0
    WORD = 1
    PATH = 2
    URL = 3

FREE_KINDS = {"any": ANY, "word": WORD, "path": PATH, "url": URL}

cdef enum:
    CUT = 1        # the frame of the free field before this one is on top, and cannot lead to anything else: drop it
    FINAL = 2      # the first place is the only one that counts: leave no frame
    UNORDERED = 4  # entered at places in any order; without it, never at one before an earlier one
    NULLABLE = 8   # what follows may take nothing at the end of the line
    RETURNS = 16   # a line may come here more than once: the number of a memo and a cache follows

FLAGS = {"CUT": CUT, "FINAL": FINAL, "UNORDERED": UNORDERED, "NULLABLE": NULLABLE, "RETURNS": RETURNS}

cdef enum:
    REST = 0
    WS = 1
    INT = 2
    FLOAT = 3
    PERCENT = 4
    HEX = 5
    IPV4 = 6
    IPV6 = 7
    IP = 8
    MAC = 9
    UUID = 10
    HOST = 11
    QUOTED = 12
    DATE = 13
    TIME = 14
    ISO8601 = 15
    SYSLOGTIME = 16
    CLFTIME = 17
    SCHEME = 18    # of a url; not a type of the language
    WORD_FIELD = 19    # a word, in FIELDS

TOKENS = {
    "rest": REST,
    "ws": WS,
    "int": INT,
    "float": FLOAT,
    "percent": PERCENT,
    "hex": HEX,
    "ipv4": IPV4,
    "ipv6": IPV6,
    "ip": IP,
    "mac": MAC,
    "uuid": UUID,
    "host": HOST,
    "quoted": QUOTED,
    "date": DATE,
    "time": TIME,
    "iso8601": ISO8601,
    "syslogtime": SYSLOGTIME,
    "clftime": CLFTIME,
    "word": WORD_FIELD,
}

# --- classes of bytes

cdef enum:
    DIGIT = 1
    HEXDIGIT = 2
    HOSTBYTE = 4       # what a label of a host is made of
    SCHEMEBYTE = 8
    LETTER = 16
    SPACE = 32

cdef uint8_t CLASS[256]


cdef void fill_classes() noexcept:
    cdef int byte
    for byte in range(256):
        CLASS[byte] = 0
        if c'0' <= byte <= c'9':
            CLASS[byte] |= DIGIT | HEXDIGIT | HOSTBYTE | SCHEMEBYTE
        if c'a' <= byte <= c'z' or c'A' <= byte <= c'Z':
            CLASS[byte] |= LETTER | HOSTBYTE | SCHEMEBYTE
        if c'a' <= byte <= c'f' or c'A' <= byte <= c'F':
            CLASS[byte] |= HEXDIGIT
        if byte == c'-' or byte == c'_':
            CLASS[byte] |= HOSTBYTE
        if byte == c'+' or byte == c'.' or byte == c'-':
            CLASS[byte] |= SCHEMEBYTE
        if byte == c' ' or byte == c'\t':
            CLASS[byte] |= SPACE


fill_classes()

ctypedef const uint8_t *Text

# --- tokens: `tokens.TOKEN_EXPRESSIONS`, by hand. Each takes the place where the token begins and the end of the line, reads
# nothing from there on, and gives the end of the token or NULL.


cdef inline Text run_of(Text p, Text end, int wanted) noexcept nogil:
    while p < end and CLASS[p[0]] & wanted:
        p += 1
    return p


cdef inline bint is_digit(uint8_t byte) noexcept nogil:
    return <uint8_t>(byte - c'0') < 10


cdef inline bint two_digits(Text p, int least, int most) noexcept nogil:
    # The caller has checked that two bytes are there.
    if not (is_digit(p[0]) and is_digit(p[1])):
        return False
    return least <= (p[0] - c'0') * 10 + (p[1] - c'0') <= most


cdef inline Text int_end(Text p, Text end, Text readable) noexcept nogil:
    if p < end and (p[0] == c'+' or p[0] == c'-'):
        p += 1
    cdef Text digits = p
    p = lm_digits(p, end, readable)
    return p if p > digits else NULL


cdef inline Text float_end(Text p, Text end) noexcept nogil:
    if p < end and (p[0] == c'+' or p[0] == c'-'):
        p += 1
    cdef Text digits = p
    cdef Text mark
    while p < end and is_digit(p[0]):
        p += 1
    if end - p >= 2 and p[0] == c'.' and is_digit(p[1]):
        p += 2
        while p < end and is_digit(p[0]):
            p += 1
    elif p == digits:
        return NULL
    if p < end and (p[0] | 0x20) == c'e':
        mark = p + 1
        if mark < end and (mark[0] == c'+' or mark[0] == c'-'):
            mark += 1
        if mark < end and is_digit(mark[0]):
            p = mark + 1
            while p < end and is_digit(p[0]):
                p += 1
    return p


cdef inline Text hex_end(Text p, Text end) noexcept nogil:
    if end - p >= 3 and p[0] == c'0' and (p[1] | 0x20) == c'x' and CLASS[p[2]] & HEXDIGIT:
        p += 2
    cdef Text digits = p
    p = run_of(p, end, HEXDIGIT)
    return p if p > digits else NULL


cdef inline Text octet_end(Text p, Text end) noexcept nogil:
    # (?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2})
    cdef int most = 2
    cdef int count = 0
    if p >= end or not is_digit(p[0]):
        return NULL
    if p[0] < c'2':
        most = 3
    elif p[0] == c'2' and end - p >= 3:
        if p[1] < c'5' or (p[1] == c'5' and p[2] < c'6'):
            most = 3
    while count < most and p + count < end and is_digit(p[count]):
        count += 1
    return p + count


cdef inline Text ipv4_end(Text p, Text end) noexcept nogil:
    cdef int i
    p = octet_end(p, end)
    for i in range(3):
        if p == NULL or p >= end or p[0] != c'.':
            return NULL
        p = octet_end(p + 1, end)
    return p


cdef inline Text group_end(Text p, Text end) noexcept nogil:
    # One to four hexadecimal digits.
    cdef int count = 0
    while count < 4 and p + count < end and CLASS[p[count]] & HEXDIGIT:
        count += 1
    return p + count if count else NULL


cdef inline Text group_and_colon_end(Text p, Text end) noexcept nogil:
    p = group_end(p, end)
    return p + 1 if p != NULL and p < end and p[0] == c':' else NULL


cdef Text ipv6_end(Text p, Text end) noexcept nogil:
    # RFC 4291, section 2.2. `place[i]` is behind i groups with their colons.
    cdef Text place[8]
    cdef Text next_, tail
    cdef int before = 0, most, i
    place[0] = p
    while before < 7:
        next_ = group_and_colon_end(place[before], end)
        if next_ == NULL:
            break
        before += 1
        place[before] = next_
    if before >= 6:
        tail = ipv4_end(place[6], end)
        if tail != NULL:
            return tail
        if before == 7:
            tail = group_end(place[7], end)
            if tail != NULL:
                return tail
    # Then "::" must follow the groups: the colon behind the last of them, and one more.
    p = place[before]
    if before == 0:
        if p >= end or p[0] != c':':
            return NULL
        p += 1
    if p >= end or p[0] != c':':
        return NULL
    p += 1
    most = 7 - before
    if most >= 2:
        place[0] = p
        i = 0
        while i < most - 2:
            next_ = group_and_colon_end(place[i], end)
            if next_ == NULL:
                break
            i += 1
            place[i] = next_
        while i >= 0:
            tail = ipv4_end(place[i], end)
            if tail != NULL:
                return tail
            i -= 1
    if most >= 1:
        tail = group_end(p, end)
        if tail != NULL:
            p = tail
            for i in range(most - 1):
                if p >= end or p[0] != c':':
                    break
                tail = group_end(p + 1, end)
                if tail == NULL:
                    break
                p = tail
    return p


cdef inline Text mac_end(Text p, Text end) noexcept nogil:
    cdef int i
    if end - p < 17 or not (p[2] == c':' or p[2] == c'-'):
        return NULL
    for i in range(17):
        if i % 3 == 2:
            if p[i] != p[2]:
                return NULL
        elif not CLASS[p[i]] & HEXDIGIT:
            return NULL
    return p + 17


cdef inline Text uuid_end(Text p, Text end) noexcept nogil:
    cdef int i
    if end - p < 36:
        return NULL
    for i in range(36):
        if i == 8 or i == 13 or i == 18 or i == 23:
            if p[i] != c'-':
                return NULL
        elif not CLASS[p[i]] & HEXDIGIT:
            return NULL
    return p + 36


cdef inline Text host_end(Text p, Text end) noexcept nogil:
    cdef Text label = p
    p = run_of(p, end, HOSTBYTE)
    if p == label:
        return NULL
    while end - p >= 2 and p[0] == c'.' and CLASS[p[1]] & HOSTBYTE:
        p = run_of(p + 2, end, HOSTBYTE)
    return p


cdef inline Text quoted_end(Text p, Text end) noexcept nogil:
    if p >= end or p[0] != c'"':
        return NULL
    p += 1
    while p < end:
        if p[0] == c'"':
            return p + 1
        p += 2 if p[0] == c'\\' else 1
    return NULL


cdef inline bint is_date(Text p, uint8_t separator) noexcept nogil:
    # The caller has checked that ten bytes are there.
    return (
        is_digit(p[0]) and is_digit(p[1]) and is_digit(p[2]) and is_digit(p[3])
        and p[4] == separator and two_digits(p + 5, 1, 12)
        and p[7] == separator and two_digits(p + 8, 1, 31)
    )


cdef inline Text fraction_end(Text p, Text end) noexcept nogil:
    if end - p >= 2 and (p[0] == c'.' or p[0] == c',') and is_digit(p[1]):
        p += 2
        while p < end and is_digit(p[0]):
            p += 1
    return p


cdef inline Text time_end(Text p, Text end) noexcept nogil:
    if end - p < 5 or not two_digits(p, 0, 23) or p[2] != c':' or not two_digits(p + 3, 0, 59):
        return NULL
    p += 5
    if end - p >= 3 and p[0] == c':' and two_digits(p + 1, 0, 60):
        return fraction_end(p + 3, end)
    return p


cdef inline Text zone_end(Text p, Text end) noexcept nogil:
    if p >= end:
        return p
    if (p[0] | 0x20) == c'z':
        return p + 1
    if (p[0] == c'+' or p[0] == c'-') and end - p >= 3 and two_digits(p + 1, 0, 23):
        p += 3
        if end - p >= 3 and p[0] == c':' and two_digits(p + 1, 0, 59):
            return p + 3
        if end - p >= 2 and two_digits(p, 0, 59):
            return p + 2
    return p


cdef Text iso8601_end(Text p, Text end) noexcept nogil:
    cdef Text clock
    if end - p >= 16 and is_date(p, c'-') and (p[10] == c'T' or p[10] == c't' or p[10] == c' '):
        clock = time_end(p + 11, end)
        return zone_end(clock, end) if clock != NULL else NULL
    if (
        end - p >= 15 and is_digit(p[0]) and is_digit(p[1]) and is_digit(p[2]) and is_digit(p[3])
        and two_digits(p + 4, 1, 12) and two_digits(p + 6, 1, 31) and p[8] == c'T'
        and two_digits(p + 9, 0, 23) and two_digits(p + 11, 0, 59) and two_digits(p + 13, 0, 60)
    ):
        return zone_end(fraction_end(p + 15, end), end)
    return NULL


cdef inline bint is_month(Text p) noexcept nogil:
    cdef int name = (p[0] << 16) | (p[1] << 8) | p[2]
    return (
        name == 0x4A616E or name == 0x466562 or name == 0x4D6172 or name == 0x417072      # Jan Feb Mar Apr
        or name == 0x4D6179 or name == 0x4A756E or name == 0x4A756C or name == 0x417567   # May Jun Jul Aug
        or name == 0x536570 or name == 0x4F6374 or name == 0x4E6F76 or name == 0x446563   # Sep Oct Nov Dec
    )


cdef inline Text syslogtime_end(Text p, Text end) noexcept nogil:
    # The day: (?>[12][0-9]|3[01]|[ 0]?[1-9])
    if end - p < 14 or not is_month(p) or p[3] != c' ':
        return NULL
    p += 4
    if two_digits(p, 10, 31) or ((p[0] == c' ' or p[0] == c'0') and c'1' <= p[1] <= c'9'):
        p += 2
    elif c'1' <= p[0] <= c'9':
        p += 1
    else:
        return NULL
    if (
        end - p < 9 or p[0] != c' ' or not two_digits(p + 1, 0, 23) or p[3] != c':'
        or not two_digits(p + 4, 0, 59) or p[6] != c':' or not two_digits(p + 7, 0, 60)
    ):
        return NULL
    return p + 9


cdef inline Text clftime_end(Text p, Text end) noexcept nogil:
    # 31/May/2024:13:05:59 +0200
    if (
        end - p < 26 or not two_digits(p, 1, 31) or p[2] != c'/' or not is_month(p + 3) or p[6] != c'/'
        or not (is_digit(p[7]) and is_digit(p[8]) and is_digit(p[9]) and is_digit(p[10]))
        or p[11] != c':' or not two_digits(p + 12, 0, 23) or p[14] != c':' or not two_digits(p + 15, 0, 59)
        or p[17] != c':' or not two_digits(p + 18, 0, 60) or p[20] != c' ' or not (p[21] == c'+' or p[21] == c'-')
        or not (is_digit(p[22]) and is_digit(p[23]) and is_digit(p[24]) and is_digit(p[25]))
    ):
        return NULL
    return p + 26


cdef Text token_end(int type_, Text p, Text end, Text readable) noexcept nogil:
    cdef Text after
    if type_ == REST:
        return end
    elif type_ == WS:
        return run_of(p, end, SPACE)
    elif type_ == INT:
        return int_end(p, end, readable)
    elif type_ == FLOAT:
        return float_end(p, end)
    elif type_ == PERCENT:
        after = float_end(p, end)
        return after + 1 if after != NULL and after < end and after[0] == c'%' else NULL
    elif type_ == HEX:
        return hex_end(p, end)
    elif type_ == IPV4:
        return ipv4_end(p, end)
    elif type_ == IPV6:
        return ipv6_end(p, end)
    elif type_ == IP:
        after = ipv6_end(p, end)
        return after if after != NULL else ipv4_end(p, end)
    elif type_ == MAC:
        return mac_end(p, end)
    elif type_ == UUID:
        return uuid_end(p, end)
    elif type_ == HOST:
        return host_end(p, end)
    elif type_ == QUOTED:
        return quoted_end(p, end)
    elif type_ == DATE:
        if end - p >= 10 and (is_date(p, c'-') or is_date(p, c'/')):
            return p + 10
        return NULL
    elif type_ == TIME:
        return time_end(p, end)
    elif type_ == ISO8601:
        return iso8601_end(p, end)
    elif type_ == SYSLOGTIME:
        return syslogtime_end(p, end)
    elif type_ == CLFTIME:
        return clftime_end(p, end)
    elif type_ == SCHEME:
        if p < end and CLASS[p[0]] & LETTER:
            return run_of(p + 1, end, SCHEMEBYTE)
        return NULL
    return NULL


# --- the machine

ctypedef const int32_t *Code

cdef struct Frame:
    Code at            # its SPLIT, ANY or FREE instruction
    int32_t *span      # of the next field, or of the free text
    int32_t place      # SPLIT: where in the line; else the last place where the text may end
    int32_t least      # the least variant number that can come of it
    int32_t next       # SPLIT: the next way to go

cdef struct Memo:
    # What is known in the line `stamp`: to extend the text of this FREE instruction to a place from `lowest` on is in vain.
    # For words, this is so up to `limit` only, where the word ends; other words are in `by_limit`, if UNORDERED.
    uint64_t stamp
    int32_t lowest
    int32_t first          # from here to limit no whitespace stands
    int32_t limit
    int32_t *by_limit      # offset in the line -> lowest; NULL until it is needed
    int32_t by_limit_room  # how many offsets it has

cdef struct Cache:
    # In the line `stamp`, a token that begins in [first, end) ends at `result` (-1: there is none).
    uint64_t stamp
    int32_t first
    int32_t end
    int32_t result

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
    Cache *caches
    const int32_t *return_bases
    uint64_t stamp             # a number for each line, never 0
    PyObject *ask              # what REGEX calls; borrowed
    Code table                 # the last TABLE so large that it is seldom in the nearest cache; NULL if there was none
    Py_ssize_t table_place     # where in a line it was met
    Py_ssize_t span_count      # how many numbers the spans of the last match have
    bint out_of_memory         # the memory for UNORDERED memos is used up: this line is left to another engine
    int64_t by_limit_total
    Text line
    Text line_end
    Text readable              # memory may be read up to here: the end of the chunk


cdef inline int32_t return_number(Machine *m, int32_t number, int32_t least) noexcept nogil:
    # Code that variants share has numbers from -2 on downwards: there `least` is the variant.
    return number if number >= 0 else m.return_bases[least] - 2 - number


cdef inline Text first_end(Machine *m, int kind, int32_t number, Text p) noexcept nogil:
    # Where free text that begins at p can end at the earliest, or NULL.
    cdef Text end = m.line_end
    if kind == WORD:
        return p + 1 if p < end and not CLASS[p[0]] & SPACE else NULL
    if kind == PATH:
        if p >= end:
            return NULL
        if p[0] == c'/' or p[0] == c'~':
            return p + 1
        if end - p >= 3 and CLASS[p[0]] & LETTER and p[1] == c':' and (p[2] == c'/' or p[2] == c'\\'):
            return p + 3
        return NULL
    # URL
    p = remembered_token_end(m, SCHEME, number, p)
    if p == NULL or end - p < 4 or p[0] != c':' or p[1] != c'/' or p[2] != c'/' or CLASS[p[3]] & SPACE:
        return NULL
    return p + 4


cdef Text remembered_token_end(Machine *m, int type_, int32_t number, Text p) noexcept nogil:
    # A token scanned from every byte of a long run would cost the square of its length: see reference.Scanner.
    cdef Text end = m.line_end
    cdef Cache *cache
    cdef Text result, first, last
    if number < 0:
        return token_end(type_, p, end, m.readable)
    cache = &m.caches[number]
    cdef int32_t offset = <int32_t>(p - m.line)
    if cache.stamp == m.stamp and cache.first <= offset < cache.end:
        # Within such a range a text can begin with some bytes only.
        if (
            (type_ == HOST and not CLASS[p[0]] & HOSTBYTE)
            or (type_ == QUOTED and p[0] != c'"')
            or (type_ == SCHEME and not CLASS[p[0]] & LETTER)
            or cache.result < 0
        ):
            return NULL
        return m.line + cache.result
    result = token_end(type_, p, end, m.readable)
    first = last = p
    if type_ == INT or type_ == FLOAT or type_ == PERCENT:
        if first < end and (first[0] == c'+' or first[0] == c'-'):
            first += 1
        last = run_of(first, end, DIGIT)
    elif type_ == HEX:
        if end - first >= 3 and first[0] == c'0' and (first[1] | 0x20) == c'x' and CLASS[first[2]] & HEXDIGIT:
            first += 2
        last = run_of(first, end, HEXDIGIT) - 1
    elif type_ == QUOTED:
        if p < end and p[0] == c'"':
            last = result - 1 if result != NULL else end
    elif result != NULL:
        last = result
    cache.stamp = m.stamp
    cache.first = <int32_t>(first - m.line)
    cache.end = <int32_t>(last - m.line)
    cache.result = <int32_t>(result - m.line) if result != NULL else -1
    return result


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


# --- tables

cdef struct Slot:
    # A way of TABLE: what the line goes on with (`lm_key`, 64 bits that stand on a multiple of 4 bytes as all of the code),
    # the least variant number that can come of it, where it goes.
    uint32_t[2] key
    int32_t least
    int32_t target


cdef enum:
    LARGE = 9       # log2 of the number of slots of a TABLE from which on they are fetched before they are needed
    AHEAD = 8       # so many lines before


cdef inline const Slot *slot_of(Code at, uint64_t key) noexcept nogil:
    # The only slot of the TABLE at `at` that the key can be in. Each key has a bucket, and each bucket a displacement,
    # which `lay_out_table` has chosen so that no two keys meet.
    cdef int32_t word = at[0]
    cdef int32_t bucket_bits = word >> 16 & 0xF, slot_bits = word >> 24
    cdef uint64_t hash_ = key * lm_load64(at + 1)
    cdef Code displacements = at + 3 + (word >> 12 & 3)
    cdef uint32_t place = <uint32_t>(hash_ << bucket_bits >> (64 - slot_bits))
    place ^= <uint32_t>displacements[hash_ >> (64 - bucket_bits)]
    # SAFETY: both indices have no more bits than there are buckets and slots; displacements have no more bits either.
    return <const Slot *>(displacements + (<Py_ssize_t>1 << bucket_bits)) + place


def lay_out_table(list keys not None, Py_ssize_t at):
    """
    A TABLE instruction that is to stand at the word *at* of the code, and where in it the pair of each key is, in words.

    The keys are different texts of the same 2 to 8 bytes. This is perfect hashing by displacement: Tarjan and Yao, "Storing
    a sparse table" (1979).
    """
    cdef int n = len(keys[0])
    cdef Py_ssize_t count = len(keys), i, size
    cdef int bucket_bits = 1, slot_bits = 1, pad, attempt = 0
    cdef uint64_t multiplier = 0x9E3779B97F4A7C15, number
    cdef uint32_t mask, displacement
    cdef uint8_t[16] text
    cdef list buckets, places
    cdef bytearray words, used
    cdef int32_t *word
    cdef Slot *slots
    while <Py_ssize_t>1 << bucket_bits < count // 4:
        bucket_bits += 1
    while <Py_ssize_t>1 << slot_bits < count + count // 4:
        slot_bits += 1
    if count < 2 or not 2 <= n <= 8 or bucket_bits > 15 or slot_bits > 20:
        raise ValueError("no table can have these keys")
    numbers = []
    for key in keys:
        memset(text, 0, 16)
        memcpy(text, <const char *><bytes>key, <size_t>n)
        numbers.append(lm_key(text, n, text + 16))
    while True:
        mask = (<uint32_t>1 << slot_bits) - 1
        buckets = [[] for _ in range(1 << bucket_bits)]
        for i in range(count):
            buckets[<uint64_t>(<uint64_t>numbers[i] * multiplier) >> (64 - bucket_bits)].append(i)
        places = [0] * count
        displacements = [0] * (1 << bucket_bits)
        used = bytearray(1 << slot_bits)
        for bucket in sorted(range(1 << bucket_bits), key=lambda bucket: -len(buckets[bucket])):
            wanted = [
                <uint32_t>(<uint64_t>(<uint64_t>numbers[i] * multiplier) << bucket_bits >> (64 - slot_bits))
                for i in buckets[bucket]
            ]
            for displacement in range(mask + 1 if len(set(wanted)) == len(wanted) else 0):
                for place in wanted:
                    if used[<uint32_t>place ^ displacement]:
                        break
                else:
                    break
            else:
                break
            displacements[bucket] = displacement
            for i, place in zip(buckets[bucket], wanted):
                places[i] = <uint32_t>place ^ displacement
                used[places[i]] = 1
        else:
            break
        # Another multiplier (odd, of random bits), and sometimes more room.
        multiplier = multiplier * <uint64_t>0xD1342543DE82EF95U + <uint64_t>0x2545F4914F6CDD1EU
        attempt += 1
        if attempt % 8 == 0 and slot_bits < 20:
            slot_bits += 1
    size = 3 + (1 << bucket_bits)
    pad = <int>(-(at + size) & 3)       # slots do not lie across two lines of the cache
    size += pad
    words = bytearray(4 * size + (16 << slot_bits))
    word = <int32_t *><char *>words
    word[0] = TABLE | n << 8 | pad << 12 | bucket_bits << 16 | slot_bits << 24
    memcpy(word + 1, &multiplier, 8)
    for i in range(1 << bucket_bits):
        word[3 + pad + i] = displacements[i]
    slots = <Slot *>(word + size)
    for i in range(1 << slot_bits):
        slots[i].least = UNKNOWN
    for i in range(count):
        number = numbers[i]
        memcpy(slots[<Py_ssize_t>places[i]].key, &number, 8)
    return bytes(words), [size + 4 * place + 2 for place in places]


cdef int32_t ask(Machine *m, int32_t field, int32_t place) except FAILED with gil:
    # The end of the text of a `/regex/` field that begins at a place, NOTHING or TIMED_OUT.
    return (<object>m.ask)(field, place)


cdef Text words_end(Code at, Text p, Text end, Text readable, Code *behind) noexcept nogil:
    # The end of the first of the words of WORDS that stands at p, or NULL; and what comes behind them.
    cdef Text q = NULL
    cdef int32_t count = at[0] >> 8, n
    at += 1
    while count > 0:
        n = at[0]
        if q == NULL and end - p >= n and lm_equal(<const uint8_t *>(at + 1), p, n, readable):
            q = p + n
        at += 1 + ((n + 3) >> 2)
        count -= 1
    behind[0] = at
    return q


cdef inline Text fields_end(Code at, Text line, Text p, Text end, Text readable, int32_t *span) noexcept nogil:
    # What is behind the fields of FIELDS and the space behind each, or NULL.
    cdef int32_t count = at[0] >> 8
    cdef Text base = p, space
    cdef uint64_t spaces = lm_spaces(p, readable)
    while True:
        at += 1
        while LM_UNLIKELY(spaces == 0):
            base += 64
            if base >= end:
                return NULL
            spaces = lm_spaces(base, readable)
        space = base + lm_lowest(spaces)
        spaces &= spaces - 1
        # SAFETY: where a bit is set, memory can be read; the line may end before.
        if space >= end or space == p or space[0] != c' ':
            return NULL
        if at[0] != WORD_FIELD:
            if (int_end(p, space, readable) if at[0] == INT else token_end(at[0], p, space, readable)) != space:
                return NULL
        span[0] = <int32_t>(p - line)
        span[1] = <int32_t>(space - line)
        span += 2
        p = space + 1
        count -= 1
        if count == 0:
            return p


cdef bint extend(Machine *m, int32_t number, int32_t least, int kind, int32_t flags, Text from_, Text *limit) noexcept nogil:
    # `enter` for an instruction that a line has come to more than once; its number is as it stands in the code.
    cdef int32_t offset = <int32_t>(limit[0] - m.line)
    if not enter(m, &m.memos[return_number(m, number, least)], kind, flags, <int32_t>(from_ - m.line), &offset):
        return False
    limit[0] = m.line + offset
    return True


cdef Text free_text(Machine *m, Code at, int32_t least, bint remember, Text p, Text *limit) noexcept nogil:
    """
    For a FREE instruction at p: where its text ends at the earliest, or NULL; `limit` is where it ends at the latest.

    `remember`: what is in vain is written down.
    """
    cdef int32_t flags = at[0] >> 8 & 0xFF
    cdef int kind = at[0] >> 16 & 0xFF
    cdef int32_t number = -1
    cdef Memo *memo = NULL
    cdef Text from_
    if remember and flags & RETURNS:
        number = return_number(m, at[1], least)
        memo = &m.memos[number]
    from_ = first_end(m, kind, number, p)
    if from_ == NULL:
        return NULL
    if memo == NULL:
        limit[0] = lm_find_space(from_, m.line_end, m.readable)
        return from_
    if memo.stamp == m.stamp and memo.first <= from_ - m.line <= memo.limit:
        limit[0] = m.line + memo.limit
    else:
        limit[0] = lm_find_space(from_, m.line_end, m.readable)
    return from_ if extend(m, at[1], least, kind, flags, from_, limit) else NULL


cdef int32_t run(Machine *m, int32_t entry, int32_t least, int32_t best, int32_t *spans) except FAILED nogil:
    """
    Run the code at *entry* on the line of *m*: the least variant number below *best* that matches, else *best*.

    `least` is the least number that can come of the code. `spans` gets the start and end of each of the variant's fields,
    offsets in the line; it has room for those of any variant.
    """
    cdef Code code = m.code
    cdef Code at = code + entry
    cdef Text line = m.line
    cdef Text end = m.line_end
    cdef Text readable = m.readable
    cdef Frame *frame = m.frames    # above the last
    cdef int32_t *span = spans      # of the next field
    cdef Py_ssize_t saved = -1      # how many numbers m.saved has, if the best match is there
    cdef int32_t retries = 0        # frames taken up
    cdef Text p = line
    cdef Text q, limit
    cdef Code literal
    cdef int32_t word, n, index, operation, result
    cdef const Slot *slot
    cdef uint64_t key

    # SAFETY, for all of this function: `native.Assembler` makes the code, and gives `Kernel` the number of fields and of
    # frames that the deepest path needs, for which frames, spans and saved have room; jumps lead to instructions. `p` is
    # within [line, end]; what is read at p stands behind a comparison with end, or within an lm_ function that is told
    # `readable`, which is not before end. Always least < best: where that ends, the way is left.
    while True:
        word = at[0]
        operation = word & 0xFF
        if operation == LITERAL:
            n = word >> 8
            if end - p >= n and lm_equal(<const uint8_t *>(at + 1), p, n, readable):
                p += n
                at += 1 + ((n + 3) >> 2)
                continue
        elif operation == TABLE:
            n = word >> 8 & 0xF
            if end - p >= n:
                key = lm_key(p, n, readable)
                slot = slot_of(at, key)
                if word >= LARGE << 24:
                    m.table = at
                    m.table_place = p - line
                if lm_load64(slot.key) == key and slot.least < best:
                    p += n
                    least = slot.least
                    at = code + slot.target
                    continue
        elif operation == ANY_LITERAL:
            if word & CUT << 8:
                frame -= 1
            limit = end
            literal = at + 1
            if word & RETURNS << 8:
                literal += 1
            if not (word & RETURNS << 8 and LM_UNLIKELY(retries >= PATIENCE)) or extend(m, at[1], least, ANY, word >> 8, p, &limit):
                n = literal[0]
                q = find(p, limit, end, literal, <uint8_t>(word >> 16), <uint8_t>(word >> 24), readable)
                if q != NULL:
                    span[0] = <int32_t>(p - line)
                    span[1] = <int32_t>(q - line)
                    if not word & FINAL << 8:
                        frame.at = at
                        frame.span = span
                        frame.place = <int32_t>(limit - line)
                        frame.least = least
                        frame += 1
                    span += 2
                    p = q + n
                    at = literal + 1 + ((n + 3) >> 2)
                    continue
        elif operation == ANY_SWEEP:
            if word & CUT << 8:
                frame -= 1
            limit = end
            literal = at + 1
            if word & RETURNS << 8:
                literal += 1
            if not (word & RETURNS << 8 and LM_UNLIKELY(retries >= PATIENCE)) or extend(m, at[1], least, ANY, word >> 8, p, &limit):
                q = sweep(p, limit, end, m.sets + literal[0], word >> 8, readable)
                if q != NULL:
                    span[0] = <int32_t>(p - line)
                    span[1] = <int32_t>(q - line)
                    frame.at = at
                    frame.span = span
                    frame.place = <int32_t>(limit - line)
                    frame.least = least
                    frame += 1
                    span += 2
                    p = q
                    at = literal + 1
                    continue
        elif operation == ANY_END:
            if word & CUT << 8:
                frame -= 1
            span[0] = <int32_t>(p - line)
            span[1] = <int32_t>(end - line)
            span += 2
            best = least
        elif operation == ANY_SUFFIX:
            if word & CUT << 8:
                frame -= 1
            n = at[1]
            q = end - n
            if p <= q and lm_equal(<const uint8_t *>(at + 2), q, n, readable):
                span[0] = <int32_t>(p - line)
                span[1] = <int32_t>(q - line)
                span += 2
                best = least
        elif operation == FIELDS:
            q = fields_end(at, line, p, end, readable, span)
            if q != NULL:
                p = q
                span += 2 * (word >> 8)
                at += 1 + (word >> 8)
                continue
        elif operation == BYTE:
            if p < end:
                index = lm_index(<const uint8_t *>(at + 1), word >> 8, p[0])
                if index >= 0 and at[5 + 2 * index] < best:
                    p += 1
                    least = at[5 + 2 * index]
                    at = code + at[6 + 2 * index]
                    continue
        elif operation == BYTES:
            if p < end:
                index = (<const uint8_t *>(at + 1))[p[0]]
                if index != 255 and at[65 + 2 * index] < best:
                    p += 1
                    least = at[65 + 2 * index]
                    at = code + at[66 + 2 * index]
                    continue
        elif operation == SPLIT:
            # The ways stand in ascending order of what can come of them at best; there are at least two.
            frame.at = at
            frame.span = span
            frame.place = <int32_t>(p - line)
            frame.least = at[3]
            frame.next = 1
            frame += 1
            at = code + at[2]
            continue
        elif operation == FORK:
            if p < end and at[1 + (p[0] >> 5)] >> (p[0] & 31) & 1:
                frame.at = at
                frame.span = span
                frame.place = <int32_t>(p - line)
                frame.least = at[11]
                frame += 1
                at = code + at[10]
                continue
            if word >> 8:
                at = code + at[10]
                continue
            if at[11] < best:
                least = at[11]
                at = code + at[12]
                continue
        elif operation == TOKEN:
            if at[1] == -1 or LM_LIKELY(retries < PATIENCE):
                q = int_end(p, end, readable) if word >> 8 == INT else token_end(word >> 8, p, end, readable)
            else:
                q = remembered_token_end(m, word >> 8, return_number(m, at[1], least), p)
            if q != NULL:
                span[0] = <int32_t>(p - line)
                span[1] = <int32_t>(q - line)
                span += 2
                p = q
                at += 2
                continue
        elif operation == END:
            if p == end:
                best = least
        elif operation == WORDS:
            q = words_end(at, p, end, readable, &at)
            if q != NULL:
                span[0] = <int32_t>(p - line)
                span[1] = <int32_t>(q - line)
                span += 2
                p = q
                continue
        elif operation == REGEX:
            result = ask(m, at[1], <int32_t>(p - line))
            if result == TIMED_OUT:
                return best
            if result >= 0:
                span[0] = <int32_t>(p - line)
                span[1] = result
                span += 2
                p = line + result
                at += 2
                continue
        else:
            # Free text that is not `any`.
            q = free_text(m, at, least, retries >= PATIENCE, p, &limit)
            if q != NULL:
                literal = at + 1
                if word & RETURNS << 8:
                    literal += 1
                n = 0
                if operation == FREE_SPACE:
                    # The text ends where the word does, or nowhere.
                    n = literal[0]
                    q = limit
                    if end - q < n or not lm_equal(<const uint8_t *>(literal + 1), q, n, readable):
                        q = NULL
                elif operation == FREE_LITERAL:
                    n = literal[0]
                    q = find(q, limit, end, literal, byte_of(literal + 1, 0), byte_of(literal + 1, n - 1), readable)
                elif operation == FREE_SWEEP:
                    q = sweep(q, limit, end, m.sets + literal[0], word >> 8, readable)
                elif operation == FREE_END:
                    if limit == end:
                        q = end
                        best = least
                    else:
                        q = NULL
                else:
                    n = literal[0]
                    if q <= end - n <= limit and lm_equal(<const uint8_t *>(literal + 1), end - n, n, readable):
                        q = end - n
                        best = least
                    else:
                        q = NULL
                if q != NULL:
                    span[0] = <int32_t>(p - line)
                    span[1] = <int32_t>(q - line)
                    if operation >= FREE_LITERAL and not word & FINAL << 8:
                        frame.at = at
                        frame.span = span
                        frame.place = <int32_t>(limit - line)
                        frame.least = least
                        frame += 1
                    span += 2
                    if best != least:
                        p = q + n
                        at = literal + 1 if operation == FREE_SWEEP else literal + 1 + ((n + 3) >> 2)
                        continue

        if best == least:
            # A match: what cannot be better is dropped.
            while frame > m.frames and (frame - 1).least >= best:
                frame -= 1
            if frame == m.frames:
                m.span_count = span - spans
                return best
            saved = span - spans
            memcpy(m.saved, spans, <size_t>saved * sizeof(int32_t))

        # Take up the last frame that can lead to something better.
        while True:
            if frame == m.frames:
                if saved >= 0:
                    m.span_count = saved
                    memcpy(spans, m.saved, <size_t>saved * sizeof(int32_t))
                return best
            frame -= 1
            if frame.least >= best:
                continue
            retries += 1
            at = frame.at
            span = frame.span
            least = frame.least
            word = at[0]
            operation = word & 0xFF
            if operation == SPLIT:
                p = line + frame.place
                index = frame.next
                at = code + at[2 + 2 * index]
                if index + 1 < word >> 8:
                    frame.next = index + 1
                    frame.least = frame.at[3 + 2 * index]
                    frame += 1
                break
            if operation == FORK:
                p = line + frame.place
                at = code + at[12]
                break
            # SAFETY: span[1] is where this text ended last: only fields behind it have been written since.
            q = line + span[1] + 1
            limit = line + frame.place
            if q <= limit:
                literal = at + 1
                if word & RETURNS << 8:
                    literal += 1
                if operation == ANY_SWEEP or operation == FREE_SWEEP:
                    n = 0
                    q = sweep(q, limit, end, m.sets + literal[0], word >> 8, readable)
                    index = 1
                else:
                    n = literal[0]
                    q = find(q, limit, end, literal, byte_of(literal + 1, 0), byte_of(literal + 1, n - 1), readable)
                    index = 1 + ((n + 3) >> 2)
                if q != NULL:
                    span[1] = <int32_t>(q - line)
                    span += 2
                    p = q + n
                    at = literal + index
                    frame += 1
                    break


cdef inline uint8_t byte_of(Code literal, int32_t index) noexcept nogil:
    return (<const uint8_t *>literal)[index]


cdef inline Text find(Text p, Text limit, Text end, Code literal, uint8_t first, uint8_t last, Text readable) noexcept nogil:
    # The first place in [p, limit] where a literal (its length, its bytes) begins that ends at `end` or before, or NULL.
    cdef int32_t n = literal[0]
    cdef Text stop = limit + n if end - limit >= n else end
    return lm_find(p, stop, <const uint8_t *>(literal + 1), n, first, last, readable)


cdef inline Text sweep(Text p, Text limit, Text end, const uint8_t *sets, int32_t flags, Text readable) noexcept nogil:
    # The first place in [p, limit] where what follows may begin: by two bytes, or with nothing at the end of the line.
    cdef Text stop = limit + 1 if limit < end else end
    p = lm_sweep(p, stop, sets, readable)
    if p < stop:
        return p
    return end if limit == end and flags & NULLABLE else NULL


TIMED_OUT_RESULT = TIMED_OUT


# --- lines


def count_lines(const uint8_t[::1] data not None):
    """How many lines *data* has; a last line without "\\n" counts."""
    cdef size_t count
    cdef Py_ssize_t size = data.shape[0]
    if size == 0:
        return 0
    with nogil:
        count = lm_count(&data[0], <size_t>size)
        if data[size - 1] != c'\n':
            count += 1
    return count


def most_number(const uint8_t[::1] pairs not None):
    """The greatest number in *pairs*, see `add_pairs`; -1 if there is none."""
    cdef const int32_t *pair = <const int32_t *>&pairs[0] if pairs.shape[0] else NULL
    cdef int32_t most = -1
    cdef Py_ssize_t i
    for i in range(pairs.shape[0] // 8):
        if pair[2 * i] > most:
            most = pair[2 * i]
    return most


def add_pairs(int64_t[::1] totals not None, const uint8_t[::1] pairs not None):
    """Add to *totals*, by number, the counts in *pairs*: numbers and counts in turn, as 32-bit integers."""
    cdef const int32_t *pair = <const int32_t *>&pairs[0] if pairs.shape[0] else NULL
    cdef Py_ssize_t i
    for i in range(pairs.shape[0] // 8):
        if not 0 <= pair[2 * i] < totals.shape[0]:
            raise IndexError("totals are too short")
        totals[pair[2 * i]] += pair[2 * i + 1]


def piece_end(const uint8_t[::1] data not None, Py_ssize_t begin, Py_ssize_t size):
    """Where a piece of about *size* bytes of *data* ends that begins at *begin* and holds whole lines, at least one."""
    cdef Py_ssize_t end = begin + size, place
    if not (0 <= begin < data.shape[0] and size > 0):
        raise ValueError("no such piece of the data")
    if end >= data.shape[0]:
        return data.shape[0]
    with nogil:
        place = end
        while place > begin and data[place - 1] != c'\n':
            place -= 1
        if place == begin:
            place = end
            while place < data.shape[0] and data[place - 1] != c'\n':
                place += 1
    return place


@cython.final
cdef class Table:
    """
    What the lines of a piece of a chunk became, in plain arrays of 32-bit integers; they are reused for the next piece.

    For line i (from 0) of the piece: it ends at `ends[i]`, where its "\\n" is (or the piece's end); the variant
    `numbers[i]` matched, or none (-1); the start and end of each of its fields, offsets in the line, are `spans` from
    `span_begins[i]` to `span_begins[i + 1]`.
    """

    def __cinit__(self):
        self.ends = NULL
        self.special = NULL
        self.numbers = NULL
        self.span_begins = NULL
        self.spans = NULL
        self.line_count = 0
        self.line_room = 0
        self.span_room = 0

    def __dealloc__(self):
        free(self.ends)
        free(self.special)
        free(self.numbers)
        free(self.span_begins)
        free(self.spans)

    cdef int make_room_for_lines(self, Py_ssize_t lines) except -1 nogil:
        cdef void *more
        if lines <= self.line_room:
            return 0
        lines += lines >> 2
        more = realloc(self.ends, <size_t>lines * sizeof(int32_t))
        if more != NULL:
            self.ends = <int32_t *>more
            more = realloc(self.special, <size_t>lines)
        if more != NULL:
            self.special = <uint8_t *>more
            more = realloc(self.numbers, <size_t>lines * sizeof(int32_t))
        if more != NULL:
            self.numbers = <int32_t *>more
            more = realloc(self.span_begins, <size_t>(lines + 1) * sizeof(int32_t))
        if more == NULL:
            with gil:
                raise MemoryError
        self.span_begins = <int32_t *>more
        self.line_room = lines
        return 0

    cdef int make_room_for_spans(self, Py_ssize_t used, Py_ssize_t more) except -1 nogil:
        cdef void *moved
        cdef Py_ssize_t room
        if used + more <= self.span_room:
            return 0
        room = (used + more) * 2
        if room > 0x7FFFFFFF:
            with gil:
                raise MemoryError
        moved = realloc(self.spans, <size_t>room * sizeof(int32_t))
        if moved == NULL:
            with gil:
                raise MemoryError
        self.spans = <int32_t *>moved
        self.span_room = room
        return 0

    def to_lists(self):
        """The arrays as lists, of a size that depends on `line_count`: ends, numbers, span_begins, spans."""
        cdef Py_ssize_t n = self.line_count
        if n == 0:
            return [], [], [0], []
        return (
            [self.ends[i] for i in range(n)],
            [self.numbers[i] for i in range(n)],
            [self.span_begins[i] for i in range(n + 1)],
            [self.spans[i] for i in range(self.span_begins[n])],
        )


cdef struct Regexed:
    # A variant with /regex/ fields: its number, its code, and two literals without which it does not match.
    int32_t number
    int32_t entry
    const uint8_t *begin        # with which the line begins
    Py_ssize_t begin_size
    const uint8_t *inside       # which stands in it
    Py_ssize_t inside_size


@cython.final
cdef class Kernel:
    """
    A machine and its memory. It belongs to one thread at a time: a call while another is at work is an error.

    Args:
        code: instructions, as 32-bit words in the order of this machine, with `PADDING` bytes behind.
        entry: where the code of all variants without `/regex/` fields begins; -1: there are none.
        entry_least: the least number of these variants.
        sets: for FREE_SWEEP, pieces of `SETS_SIZE` bytes, of which the first 256 are given.
        field_counts, template_numbers: for each variant, how many fields it has, and its template's number; 32-bit words.
        most_fields: how many fields a path through the code can have.
        most_frames: how many frames it can leave open.
        return_count: how many memos and caches there are.
        return_bases: for each variant the number of the first of its own, as 32-bit words.
        regex_entries: (variant number, where its code begins, the literal that it begins with, another literal of it), in
            the order of precedence, for each variant with `/regex/` fields.
        new_fields: called with a variant number and the line before the code of one of these runs: gives a function that is called with the
            number of a field and a place, and gives the end of its text, -1, or -2 where it took too long.
        other_match: called with a line for which the memory of visited places would take too much: gives its variant
            number and the flat spans, or None.
    """

    cdef Machine machine
    cdef bytes code, sets
    cdef int32_t entry, entry_least
    cdef Py_ssize_t variant_count, most_fields, memo_count
    cdef bytes fields_of           # the memory of field_counts
    cdef const int32_t *field_counts
    cdef bytes bases_of            # the memory of machine.return_bases
    cdef Py_ssize_t matched
    cdef bytes regex_texts          # the literals of `regexed`, with PADDING behind
    cdef Regexed *regexed
    cdef Py_ssize_t regex_count
    cdef object new_fields, other_match
    cdef int32_t *other_spans
    cdef bytes templates_of        # the memory of template_numbers
    cdef const int32_t *template_numbers
    cdef int32_t *counts            # lines by variant number, since they were last asked for
    cdef int32_t *by_template       # room for lines by template number, all 0
    cdef int32_t *touched           # the variants whose count is above 0
    cdef Py_ssize_t touched_count
    cdef bint busy

    def __cinit__(
        self, bytes code, int32_t entry, int32_t entry_least, bytes sets, *, bytes field_counts, bytes template_numbers, Py_ssize_t most_fields,
        Py_ssize_t most_frames, Py_ssize_t return_count, bytes return_bases, list regex_entries, new_fields, other_match
    ):
        cdef Py_ssize_t i, variant_count, template_count = 0
        if len(code) % 4 or len(sets) % LM_SETS_SIZE or len(code) > 0x7FFFFFFF:
            raise ValueError("code or sets have a wrong size")
        self.code = code
        self.sets = bytes(bytearray(sets))      # a copy of our own: its rows are filled in
        self.entry = entry
        self.entry_least = entry_least
        self.variant_count = variant_count = len(field_counts) // 4
        self.fields_of = field_counts
        self.field_counts = <const int32_t *><const char *>self.fields_of
        self.templates_of = template_numbers
        self.template_numbers = <const int32_t *><const char *>self.templates_of
        for i in range(variant_count):
            if self.template_numbers[i] + 1 > template_count:
                template_count = self.template_numbers[i] + 1
        self.most_fields = most_fields
        self.memo_count = return_count
        self.bases_of = return_bases
        self.machine.return_bases = <const int32_t *><const char *>self.bases_of
        self.regex_texts = b"".join([begin + inside for _, _, begin, inside in regex_entries]) + bytes(PADDING)
        self.regex_count = len(regex_entries)
        self.regexed = <Regexed *>calloc(<size_t>self.regex_count + 1, sizeof(Regexed))
        if self.regexed == NULL:
            raise MemoryError
        self.set_regexed(regex_entries)
        self.new_fields = new_fields
        self.other_match = other_match
        for i in range(len(sets) // LM_SETS_SIZE):
            lm_fill_rows(<uint8_t *><const uint8_t *>self.sets + i * LM_SETS_SIZE)
        self.machine.code = <const int32_t *><const char *>self.code
        self.machine.sets = <const uint8_t *>self.sets
        self.machine.frames = <Frame *>calloc(<size_t>most_frames + 1, sizeof(Frame))
        self.machine.saved = <int32_t *>calloc(<size_t>most_fields * 2 + 2, sizeof(int32_t))
        self.other_spans = <int32_t *>calloc(<size_t>most_fields * 2 + 2, sizeof(int32_t))
        self.machine.memos = <Memo *>calloc(<size_t>return_count + 1, sizeof(Memo))
        self.machine.caches = <Cache *>calloc(<size_t>return_count + 1, sizeof(Cache))
        self.counts = <int32_t *>calloc(<size_t>variant_count + 1, sizeof(int32_t))
        self.by_template = <int32_t *>calloc(<size_t>template_count + 1, sizeof(int32_t))
        self.touched = <int32_t *>calloc(<size_t>variant_count + 1, sizeof(int32_t))
        if (
            self.machine.frames == NULL or self.machine.saved == NULL or self.other_spans == NULL
            or self.machine.memos == NULL or self.machine.caches == NULL or self.counts == NULL
            or self.by_template == NULL or self.touched == NULL
        ):
            raise MemoryError

    def __dealloc__(self):
        cdef Py_ssize_t i
        free(self.machine.frames)
        free(self.machine.saved)
        free(self.other_spans)
        free(self.regexed)
        if self.machine.memos != NULL:
            for i in range(self.memo_count):
                free(self.machine.memos[i].by_limit)
        free(self.machine.memos)
        free(self.machine.caches)
        free(self.counts)
        free(self.by_template)
        free(self.touched)

    def match(self, const uint8_t[::1] data not None, Py_ssize_t begin, Py_ssize_t end, Table table not None):
        """
        Match the lines of data[begin:end], at most `MOST_BYTES`, into *table*; without the GIL.

        All lines are whole: only the last may lack its "\\n".
        """
        cdef const uint8_t *text
        if not 0 <= begin <= end <= data.shape[0] or end - begin > MOST_BYTES:
            raise ValueError("no such piece of the data")
        table.line_count = 0
        if begin == end:
            return
        text = &data[begin]
        self.claim()
        try:
            with nogil:
                self.match_lines(text, end - begin, text + (data.shape[0] - begin), table)
        finally:
            self.busy = False

    def match_line(self, const uint8_t[::1] line not None):
        """Match one line: its variant number and the flat spans of its fields, or None. The GIL is kept."""
        cdef uint8_t nothing = 0
        cdef const uint8_t *text = &nothing
        cdef int32_t number
        cdef list spans = []
        cdef int32_t *room
        cdef Py_ssize_t i
        if line.shape[0] > MOST_BYTES:
            return self.other_match(bytes(line))
        if line.shape[0]:
            text = &line[0]
        room = <int32_t *>malloc((<size_t>self.most_fields * 2 + 2) * sizeof(int32_t))
        if room == NULL:
            raise MemoryError
        self.claim()
        try:
            number = self.match_one(text, text + line.shape[0], text + line.shape[0], room)
            if number < 0:
                return None
            return number, tuple([room[i] for i in range(self.machine.span_count)])
        finally:
            self.busy = False
            free(room)

    def take_counts(self):
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

    cdef int claim(self) except -1:
        if self.busy:
            raise RuntimeError("a matcher is used by two threads at once; each needs one of its own")
        self.busy = True
        return 0

    cdef int match_lines(self, Text text, Py_ssize_t size, Text readable, Table table) except -1 nogil:
        cdef size_t done = 0
        cdef int rest = 0
        cdef Py_ssize_t i, count, used = 0
        cdef Py_ssize_t start = 0
        cdef int32_t number
        cdef Machine *m = &self.machine
        cdef Text line, line_begin, line_end
        table.make_room_for_lines(size // 64 + 64)
        while True:
            # SAFETY: a last line without "\n" is one more. If there is no room for all it is looked for again with more:
            # it is kept, so that this happens only while lines get shorter.
            count = <Py_ssize_t>lm_split(
                text, <size_t>size, table.ends, table.special, <size_t>table.line_room - 1, &done, &rest
            )
            if count < table.line_room - 1:
                break
            table.make_room_for_lines(2 * table.line_room)
        if <Py_ssize_t>done < size:
            table.ends[count] = <int32_t>size
            table.special[count] = <uint8_t>rest
            count += 1
        for i in range(count):
            table.make_room_for_spans(used, 2 * self.most_fields + 2)
            line_begin = line = text + start
            line_end = text + table.ends[i]
            start = table.ends[i] + 1
            if m.table != NULL and i + AHEAD < count:
                # Many lines have beginnings of the same length: perhaps the TABLE is met at the same place in that line.
                line = text + table.ends[i + AHEAD - 1] + 1 + m.table_place
                if readable - line >= 8:
                    lm_prefetch(slot_of(m.table, lm_key(line, m.table[0] >> 8 & 0xF, readable)))
                line = line_begin
            if line_end > line and (line_end - 1)[0] == c'\r':
                line_end -= 1
            while line_end > line and CLASS[(line_end - 1)[0]] & SPACE:
                line_end -= 1
            table.span_begins[i] = <int32_t>used
            number = self.match_one(line, line_end, readable, table.spans + used)
            table.numbers[i] = number
            if number >= 0:
                used += m.span_count
        table.span_begins[count] = <int32_t>used
        table.line_count = count
        # Apart from the matching: there each count would be waited for.
        for i in range(count):
            number = table.numbers[i]
            if number >= 0:
                if self.counts[number] == 0:
                    self.touched[self.touched_count] = number
                    self.touched_count += 1
                self.counts[number] += 1
                self.matched += 1
        return 0

    cdef int32_t match_one(
        self, Text line, Text line_end, Text readable, int32_t *spans
    ) except -3 nogil:
        # The number of the variant that matches, or -1.
        cdef Machine *m = &self.machine
        cdef int32_t number = UNKNOWN
        cdef Py_ssize_t i
        m.line = line
        m.line_end = line_end
        m.readable = readable
        m.stamp += 1
        m.out_of_memory = False
        if self.entry >= 0:
            number = run(m, self.entry, self.entry_least, UNKNOWN, spans)
        if self.regex_count:
            i = self.next_regexed(0, number)
            if i < self.regex_count:
                with gil:
                    number = self.match_regex(i, number, spans)
        if m.out_of_memory:
            with gil:
                number = self.match_elsewhere(spans)
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

    cdef Py_ssize_t next_regexed(self, Py_ssize_t i, int32_t best) noexcept nogil:
        # Which variant with /regex/ fields, from the i-th on, could match the line and precedes `best`; regex_count if none.
        cdef Machine *m = &self.machine
        cdef Regexed *each
        cdef Py_ssize_t n
        while i < self.regex_count:
            each = &self.regexed[i]
            if each.number >= best:
                return self.regex_count
            n = each.inside_size
            # SAFETY: both literals are in regex_texts, with PADDING behind.
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

    cdef int32_t match_regex(self, Py_ssize_t i, int32_t best, int32_t *spans) except FAILED:
        # Variants with /regex/ fields, of which each has code of its own, from the i-th on, that precede `best`, in order.
        cdef Machine *m = &self.machine
        cdef Regexed *each
        cdef int32_t found
        cdef bytes line = PyBytes_FromStringAndSize(<const char *>m.line, m.line_end - m.line)
        while i < self.regex_count:
            each = &self.regexed[i]
            ask = self.new_fields(each.number, line)
            m.ask = <PyObject *>ask
            m.stamp += 1
            found = run(m, each.entry, each.number, best, self.other_spans)     # spans hold the match of `best`
            m.ask = NULL
            if found < best:
                memcpy(spans, self.other_spans, <size_t>m.span_count * sizeof(int32_t))
                return found
            i = self.next_regexed(i + 1, best)
        return best

    cdef int32_t match_elsewhere(self, int32_t *spans) except FAILED:
        cdef Machine *m = &self.machine
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
