# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""
Reader: the texts of times in a buffer -> nanoseconds, states and digits (`times.times`), without the GIL.

What is read where is said by `plan`; what a text means, by `reference`, which gives the same answer slowly.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

cdef extern from "_simd.h" nogil:
    uint64_t lm_load64(const void *p)
    bint lm_equal(const uint8_t *p, const uint8_t *q, Py_ssize_t n, const uint8_t *q_readable)

ctypedef const uint8_t *Text


cdef enum:
    # `forms.Form`
    ISO8601 = 1
    SYSLOG = 2
    CLF = 3
    EPOCH = 4
    SLASH = 5
    CTIME = 6
    RFC2822 = 7
    KLOG = 8
    DATE = 9
    CLOCK = 10
    TIMESTAMP = 11
    FORMAT = 12
    # `times.State`, and what is counted besides
    NONE = 0
    NAIVE = 1
    ZONED = 2
    IMPOSSIBLE = 3
    AMBIGUOUS = 4
    GAP = 5
    LEAP = 6
    UNKNOWN_ZONE = 7
    COUNTS = 8
    # `plan`
    YEAR_OF_FILE = -1
    YEAR_OF_NOW = -2
    MOST_YEARS_BACK = 8
    NOT_SAID = -1
    DAY = 86400
    COLUMNS = 5

cdef int64_t LEAST_SECOND = -9223372036
cdef int64_t MOST_SECOND = 9223372035
cdef int32_t BY_ZONE = -2147483647 - 1


cdef struct Zone:
    # Segments of the local clock; see `zone`. The first begins before any time.
    const int64_t *begins
    const int64_t *offsets
    const uint8_t *kinds        # 0: plain, 1: ambiguous, 2: a gap
    Py_ssize_t count


cdef struct Word:
    uint64_t text               # at most 8 bytes, the first in the lowest
    int32_t offset              # or BY_ZONE
    int32_t unused


cdef struct Written:
    int32_t form
    int32_t begin               # of its steps, of FORMAT
    int32_t end
    int32_t clock               # the step that is the hour of a clock; -1: none


cdef struct Reading:
    int32_t[2] fields           # the second is -1 where there is one
    int32_t[2] begins           # of the ways in which each is written
    int32_t[2] ends
    int32_t zone                # -1: none
    int32_t year


cdef struct Told:
    # What texts say; NOT_SAID where they do not.
    int year, iso_year, short_year, century, month, day, day_of_year, week_from_sunday, week_from_monday, iso_week
    int weekday, weekday_number
    int weekday_from_sunday, hour, hour12, is_pm, minute, second
    int has_epoch, has_offset, is_bad_offset, digits
    int nanoseconds
    int offset
    uint64_t epoch
    uint64_t word               # 0: none
    Text clock                  # where an hour, a minute and a second of two digits each stand together; NULL: nowhere
    int clock_size              # 8 with colons between them, 6 with nothing
    Text fraction               # its first digit
    Text fraction_end


cdef struct Time:
    int64_t nanoseconds
    uint8_t state
    uint8_t digits
    uint8_t is_leap
    uint8_t has_unknown_zone


# --- bytes -> numbers. Each takes a piece at p, and returns where that ends, or NULL.

cdef inline int pair_at(Text p) noexcept nogil:
    # Two digits; -1 if they are none. SAFETY: the caller has compared p + 2 with the end.
    cdef unsigned int tens = <unsigned int>p[0] - 48, ones = <unsigned int>p[1] - 48
    return -1 if tens > 9 or ones > 9 else <int>(10 * tens + ones)


cdef inline bint is_digit(uint8_t byte) noexcept nogil:
    return <uint8_t>(byte - 48) <= 9


cdef inline bint is_letter(uint8_t byte) noexcept nogil:
    return <uint8_t>((byte | 32) - c'a') < 26


cdef inline Text two(Text p, Text end, int *value) noexcept nogil:
    if end - p < 2:
        return NULL
    value[0] = pair_at(p)
    return p + 2 if value[0] >= 0 else NULL


cdef inline Text four(Text p, Text end, int *value) noexcept nogil:
    cdef int high, low
    if end - p < 4:
        return NULL
    high = pair_at(p)
    low = pair_at(p + 2)
    value[0] = 100 * high + low
    return p + 4 if high >= 0 and low >= 0 else NULL


cdef inline Text byte_at(Text p, Text end, uint8_t byte) noexcept nogil:
    return p + 1 if p < end and p[0] == byte else NULL


cdef inline Text clock_at(Text p, Text end, Told *told) noexcept nogil:
    # HH:MM:SS
    if end - p < 8 or p[2] != c':' or p[5] != c':':
        return NULL
    told.hour = pair_at(p)
    told.minute = pair_at(p + 3)
    told.second = pair_at(p + 6)
    told.clock = p
    told.clock_size = 8
    return p + 8 if told.hour >= 0 and told.minute >= 0 and told.second >= 0 else NULL


cdef inline Text digits_of_fraction(Text p, Text end, Py_ssize_t most, Told *told) noexcept nogil:
    # One digit at least, *most* at most; the first nine count.
    cdef int count = 0, value = 0
    cdef Text start = p
    while p < end and p - start < most and is_digit(p[0]):
        if count < 9:
            value = 10 * value + (p[0] - 48)
            count += 1
        p += 1
    if count == 0:
        return NULL
    told.digits = count
    told.fraction = start
    told.fraction_end = p
    while count < 9:
        value *= 10
        count += 1
    told.nanoseconds = value
    return p


cdef inline Text fraction_at(Text p, Text end, Told *told) noexcept nogil:
    # Nothing, or a point or a comma and digits.
    if p < end and (p[0] == c'.' or p[0] == c','):
        return digits_of_fraction(p + 1, end, end - p, told)
    return p


cdef inline Text short_clock_at(Text p, Text end, Told *told) noexcept nogil:
    # HH:MM, HH:MM:SS and a fraction.
    cdef Text found = clock_at(p, end, told)
    if found != NULL:
        return fraction_at(found, end, told)
    if end - p < 5 or p[2] != c':':
        return NULL
    told.hour = pair_at(p)
    told.minute = pair_at(p + 3)
    told.second = 0
    return p + 5 if told.hour >= 0 and told.minute >= 0 else NULL


cdef inline Text name_at(Text p, Text end) noexcept nogil:
    # A capital and two letters.
    if end - p < 3 or not c'A' <= p[0] <= c'Z' or not c'a' <= p[1] <= c'z' or not c'a' <= p[2] <= c'z':
        return NULL
    return p + 3


cdef inline int month_of(Text p) noexcept nogil:
    # The number of a name's month, 0 if there is none such. SAFETY: three bytes are there.
    cdef int key = (p[0] << 16) | (p[1] << 8) | p[2]
    if key == 0x4A616E: return 1        # Jan
    if key == 0x466562: return 2
    if key == 0x4D6172: return 3
    if key == 0x417072: return 4
    if key == 0x4D6179: return 5
    if key == 0x4A756E: return 6
    if key == 0x4A756C: return 7
    if key == 0x417567: return 8
    if key == 0x536570: return 9
    if key == 0x4F6374: return 10
    if key == 0x4E6F76: return 11
    if key == 0x446563: return 12
    return 0


cdef inline int weekday_of(Text p) noexcept nogil:
    # 0 for Monday, -1 if it is no name of a day. SAFETY: three bytes are there.
    cdef int key = (p[0] << 16) | (p[1] << 8) | p[2]
    if key == 0x4D6F6E: return 0        # Mon
    if key == 0x547565: return 1
    if key == 0x576564: return 2
    if key == 0x546875: return 3
    if key == 0x467269: return 4
    if key == 0x536174: return 5
    if key == 0x53756E: return 6
    return -1


cdef inline Text month_at(Text p, Text end, Told *told) noexcept nogil:
    cdef Text found = name_at(p, end)
    if found != NULL:
        told.month = month_of(p)
    return found


cdef inline Text padded_at(Text p, Text end, int *value) noexcept nogil:
    # Two digits, a blank and one, or one.
    cdef Text found = two(p, end, value)
    if found != NULL:
        return found
    if p < end and p[0] == c' ':
        p += 1
    if p < end and is_digit(p[0]):
        value[0] = p[0] - 48
        return p + 1
    return NULL


cdef Text offset_at(Text p, Text end, bint needs_minutes, bint takes_seconds, Told *told) noexcept nogil:
    # A sign, HH, and MM after a colon or not; with `takes_seconds`, SS too.
    cdef int hours, minutes = 0, seconds = 0
    cdef bint is_west
    cdef Text q
    if p >= end or (p[0] != c'+' and p[0] != c'-'):
        return NULL
    is_west = p[0] == c'-'
    p = two(p + 1, end, &hours)
    if p == NULL:
        return NULL
    q = p + 1 if p < end and p[0] == c':' else p
    q = two(q, end, &minutes)
    if q == NULL:
        if needs_minutes:
            return NULL
        minutes = 0
    else:
        p = q
        if takes_seconds:
            q = p + 1 if p < end and p[0] == c':' else p
            q = two(q, end, &seconds)
            if q == NULL:
                seconds = 0
            else:
                p = q
    told.has_offset = 1
    told.is_bad_offset = hours > 23 or minutes > 59 or seconds > 59
    told.offset = 3600 * hours + 60 * minutes + seconds
    if is_west:
        told.offset = -told.offset
    return p


cdef Text word_at(Text p, Text end, Told *told) noexcept nogil:
    # Two to six capitals.
    cdef int count = 0
    cdef uint64_t word = 0
    while p < end and count < 6 and c'A' <= p[0] <= c'Z':
        word |= <uint64_t>p[0] << (8 * count)
        count += 1
        p += 1
    if count < 2:
        return NULL
    told.word = word
    return p


cdef inline Text spaced_zone_at(Text p, Text end, Told *told) noexcept nogil:
    # Nothing, or a space and an offset or a word.
    cdef Text found
    if p >= end or p[0] != c' ':
        return p
    found = offset_at(p + 1, end, True, False, told)
    if found == NULL:
        found = word_at(p + 1, end, told)
    return found


cdef inline Text zone_at(Text p, Text end, Told *told) noexcept nogil:
    if p >= end:
        return p
    if p[0] == c'Z' or p[0] == c'z':
        told.has_offset = 1
        told.is_bad_offset = 0
        told.offset = 0
        return p + 1
    if p[0] == c' ':
        return spaced_zone_at(p, end, told)
    return offset_at(p, end, False, False, told)


# --- forms. Each says whether the whole of the text from p to end is of it.

cdef inline Text date_at(Text p, Text end, uint8_t mark, Told *told) noexcept nogil:
    if end - p < 10 or p[4] != mark or p[7] != mark:
        return NULL
    if four(p, end, &told.year) == NULL:
        return NULL
    told.month = pair_at(p + 5)
    told.day = pair_at(p + 8)
    return p + 10 if told.month >= 0 and told.day >= 0 else NULL


cdef bint is_iso8601(Text p, Text end, Told *told) noexcept nogil:
    cdef Text q = date_at(p, end, c'-', told)
    if q != NULL:
        if q >= end or (q[0] != c'T' and q[0] != c' ' and q[0] != c't'):
            return False
        q = short_clock_at(q + 1, end, told)
    else:
        # 20240531T130559
        if end - p < 15 or p[8] != c'T' or four(p, end, &told.year) == NULL:
            return False
        told.month = pair_at(p + 4)
        told.day = pair_at(p + 6)
        told.hour = pair_at(p + 9)
        told.minute = pair_at(p + 11)
        told.second = pair_at(p + 13)
        told.clock = p + 9
        told.clock_size = 6
        if told.month < 0 or told.day < 0 or told.hour < 0 or told.minute < 0 or told.second < 0:
            return False
        q = fraction_at(p + 15, end, told)
    if q != NULL:
        q = zone_at(q, end, told)
    return q == end


cdef bint is_slashtime(Text p, Text end, Told *told) noexcept nogil:
    p = date_at(p, end, c'/', told)
    if p != NULL:
        p = byte_at(p, end, c' ')
    if p != NULL:
        p = clock_at(p, end, told)
    if p != NULL:
        p = fraction_at(p, end, told)
    if p != NULL:
        p = zone_at(p, end, told)
    return p == end


cdef bint is_clftime(Text p, Text end, Told *told) noexcept nogil:
    # 31/May/2024:13:05:59 +0200
    if end - p < 20 or p[2] != c'/' or p[6] != c'/' or p[11] != c':':
        return False
    told.day = pair_at(p)
    if told.day < 0 or month_at(p + 3, end, told) == NULL or four(p + 7, end, &told.year) == NULL:
        return False
    p = clock_at(p + 12, end, told)
    if p != NULL:
        p = fraction_at(p, end, told)
    if p != NULL and p < end:
        if p[0] != c' ' or end - p != 6:
            return False
        p = offset_at(p + 1, end, True, False, told)
    return p == end


cdef bint is_rfc2822(Text p, Text end, Told *told) noexcept nogil:
    # Fri, 31 May 2024 13:05:59 +0200
    if name_at(p, end) != NULL:
        if end - p < 5 or p[3] != c',' or p[4] != c' ':
            return False
        p += 5
    if p >= end or not is_digit(p[0]):      # no blank in front of it
        return False
    p = padded_at(p, end, &told.day)
    if p != NULL:
        p = byte_at(p, end, c' ')
    if p != NULL:
        p = month_at(p, end, told)
    if p != NULL:
        p = byte_at(p, end, c' ')
    if p != NULL:
        p = four(p, end, &told.year)
    if p != NULL:
        p = byte_at(p, end, c' ')
    if p == NULL:
        return False
    if clock_at(p, end, told) != NULL:
        p += 8
    else:
        if end - p < 5 or p[2] != c':':
            return False
        told.hour = pair_at(p)
        told.minute = pair_at(p + 3)
        told.second = 0
        if told.hour < 0 or told.minute < 0:
            return False
        p += 5
    return spaced_zone_at(p, end, told) == end


cdef bint is_klogtime(Text p, Text end, Told *told) noexcept nogil:
    # 0531 13:05:59.123456
    if end - p < 15 or p[4] != c' ' or p[13] != c'.':
        return False
    told.month = pair_at(p)
    told.day = pair_at(p + 2)
    if told.month < 0 or told.day < 0 or clock_at(p + 5, end, told) == NULL:
        return False
    return digits_of_fraction(p + 14, end, end - p, told) == end


cdef bint is_syslogtime(Text p, Text end, Told *told) noexcept nogil:
    # May  3 2024 13:05:59.123 UTC
    cdef Text q
    p = month_at(p, end, told)
    if p != NULL:
        p = byte_at(p, end, c' ')
    if p != NULL:
        p = padded_at(p, end, &told.day)
    if p != NULL:
        p = byte_at(p, end, c' ')
    if p == NULL:
        return False
    if end - p > 5 and p[4] == c' ':
        q = four(p, end, &told.year)
        if q == NULL:
            return False
        p = q + 1
    p = clock_at(p, end, told)
    if p != NULL:
        p = fraction_at(p, end, told)
    if p != NULL and p < end:
        p = byte_at(p, end, c' ')
        if p != NULL:
            p = word_at(p, end, told)
    return p == end


cdef bint is_ctime(Text p, Text end, Told *told) noexcept nogil:
    # Fri May 31 13:05:59.123 CEST 2024 +0200
    p = name_at(p, end)
    if p != NULL:
        p = byte_at(p, end, c' ')
    if p != NULL:
        p = month_at(p, end, told)
    if p != NULL:
        p = byte_at(p, end, c' ')
    if p != NULL:
        p = padded_at(p, end, &told.day)
    if p != NULL:
        p = byte_at(p, end, c' ')
    if p != NULL:
        p = clock_at(p, end, told)
    if p != NULL:
        p = fraction_at(p, end, told)
    if p == NULL or end - p < 5 or p[0] != c' ':
        return False
    if not is_digit(p[1]):
        p = spaced_zone_at(p, end, told)
        if p != NULL:
            p = byte_at(p, end, c' ')
        if p == NULL:
            return False
    else:
        p += 1
    p = four(p, end, &told.year)
    if p != NULL:
        p = spaced_zone_at(p, end, told)
    return p == end


cdef bint is_date(Text p, Text end, Told *told) noexcept nogil:
    cdef Text q = date_at(p, end, c'-', told)
    if q == NULL:
        q = date_at(p, end, c'/', told)
    return q == end


cdef bint is_epoch(Text p, Text end, Told *told) noexcept nogil:
    cdef Py_ssize_t i, size = end - p
    cdef uint64_t number = 0
    if size < 10:
        return False
    for i in range(10):
        if not is_digit(p[i]):
            return False
        number = 10 * number + (p[i] - 48)
    told.epoch = number
    told.has_epoch = 1
    if size == 10:
        return True
    if p[10] == c'.':
        return digits_of_fraction(p + 11, end, size, told) == end
    if size != 13 and size != 16 and size != 19:
        return False
    return digits_of_fraction(p + 10, end, 9, told) == end


# --- formats of strptime

cdef inline Text small(Text p, Text end, int least, int most, bint padded, int *value) noexcept nogil:
    # A number of two digits from *least* to *most*, or of one, which may have a blank before it.
    cdef int found
    if end - p >= 2:
        found = pair_at(p)
        if least <= found <= most:
            value[0] = found
            return p + 2
    if padded and p < end and p[0] == c' ':
        p += 1
    if p < end and is_digit(p[0]) and p[0] - 48 >= least:
        value[0] = p[0] - 48
        return p + 1
    return NULL


cdef inline Text some_digits(Text p, Text end, int most, int *value) noexcept nogil:
    cdef int count = 0
    value[0] = 0
    while p < end and count < most and is_digit(p[0]):
        value[0] = 10 * value[0] + (p[0] - 48)
        count += 1
        p += 1
    return p if count else NULL


cdef Text full_name_at(Text p, Text end, const char *rest, bint is_month, Told *told) noexcept nogil:
    # `rest` has what follows the first three letters of each name, in their order, each behind a blank.
    cdef int number
    cdef Text found = name_at(p, end)
    if found == NULL:
        return NULL
    number = month_of(p) - 1 if is_month else weekday_of(p)
    if number < 0:
        return NULL
    if is_month:
        told.month = number + 1
    else:
        told.weekday = number
    while number > 0:
        rest += 1
        while rest[0] != c' ':
            rest += 1
        number -= 1
    rest += 1
    while rest[0] != c' ':
        if found >= end or found[0] != <uint8_t>rest[0]:
            return NULL
        found += 1
        rest += 1
    return found


cdef const char *MONTH_ENDS = b" uary ruary ch il  e y ust tember ober ember ember "
cdef const char *DAY_ENDS = b" day sday nesday rsday day urday day "


cdef Text directive_at(Text p, Text end, uint8_t directive, Told *told) noexcept nogil:
    cdef Text found
    cdef int i
    if directive == c'Y':
        return four(p, end, &told.year)
    if directive == c'm':
        return small(p, end, 1, 12, True, &told.month)
    if directive == c'd' or directive == c'e':
        return small(p, end, 1, 31, True, &told.day)
    if directive == c'H' or directive == c'k':
        return small(p, end, 0, 23, True, &told.hour)
    if directive == c'M':
        return small(p, end, 0, 59, False, &told.minute)
    if directive == c'S':
        return small(p, end, 0, 61, False, &told.second)
    if directive == c'f':
        return digits_of_fraction(p, end, 9, told)
    if directive == c'L':
        return digits_of_fraction(p, end, end - p, told)
    if directive == c'b' or directive == c'h':
        found = month_at(p, end, told)
        return found if found != NULL and told.month else NULL
    if directive == c'B':
        return full_name_at(p, end, MONTH_ENDS, True, told)
    if directive == c'a':
        found = name_at(p, end)
        if found == NULL:
            return NULL
        told.weekday = weekday_of(p)
        return found if told.weekday >= 0 else NULL
    if directive == c'A':
        return full_name_at(p, end, DAY_ENDS, False, told)
    if directive == c'y' or directive == c'g':
        return two(p, end, &told.short_year)
    if directive == c'C':
        return two(p, end, &told.century)
    if directive == c'G':
        return four(p, end, &told.iso_year)
    if directive == c'I' or directive == c'l':
        return small(p, end, 1, 12, True, &told.hour12)
    if directive == c'p' or directive == c'P':
        if end - p < 2 or (p[1] | 32) != c'm' or (p[0] & 32) != (p[1] & 32):
            return NULL
        if (p[0] | 32) != c'a' and (p[0] | 32) != c'p':
            return NULL
        told.is_pm = (p[0] | 32) == c'p'
        return p + 2
    if directive == c'j':
        return some_digits(p, end, 3, &told.day_of_year)
    if directive == c'u':
        if p < end and c'1' <= p[0] <= c'7':
            told.weekday_number = p[0] - 49
            return p + 1
        return NULL
    if directive == c'w':
        if p < end and c'0' <= p[0] <= c'6':
            told.weekday_from_sunday = (p[0] - 48 + 6) % 7
            return p + 1
        return NULL
    if directive == c'U':
        return some_digits(p, end, 2, &told.week_from_sunday)
    if directive == c'W':
        return some_digits(p, end, 2, &told.week_from_monday)
    if directive == c'V':
        return some_digits(p, end, 2, &told.iso_week)
    if directive == c's':
        # SAFETY: 19 digits are less than 2^64.
        told.epoch = 0
        i = 0
        while p < end and i < 19 and is_digit(p[0]):
            told.epoch = 10 * told.epoch + (p[0] - 48)
            i += 1
            p += 1
        told.has_epoch = 1
        return p if i else NULL
    if directive == c'z':
        if p < end and (p[0] == c'Z' or p[0] == c'z'):
            return zone_at(p, end, told)
        return offset_at(p, end, False, True, told)
    if directive == c'Z':
        found = word_at(p, end, told)
        if found == NULL or (found < end and (is_letter(found[0]) or is_digit(found[0]))):
            return NULL
        return found
    # n and t: blanks
    i = 0
    while p < end and i < 64 and (p[0] == c' ' or p[0] == c'\t'):
        p += 1
        i += 1
    return p if i else NULL


cdef bint is_of_format(
    Text p, Text end, const int32_t *step, const int32_t *last, const int32_t *clock, Told *told
) noexcept nogil:
    # A step is a directive in its lowest byte, or 0 and the byte that stands for itself above it. `clock` is the H of a
    # clock: of HMS, or of H:M:S; NULL if there is none.
    cdef Text start = NULL
    cdef const int32_t *clock_end = NULL
    cdef int size = 6
    if clock != NULL:
        size = 8 if clock[1] == (c':' << 8) else 6
        clock_end = clock + (5 if size == 8 else 3)
    while step < last:
        if step == clock:
            start = p
        if step[0] & 255:
            p = directive_at(p, end, <uint8_t>(step[0] & 255), told)
        else:
            p = byte_at(p, end, <uint8_t>(step[0] >> 8))
        if p == NULL:
            return False
        step += 1
        if step == clock_end and p - start == size and start[0] != c' ':
            told.clock = start
            told.clock_size = size
    return p == end


cdef inline void forget(Told *told) noexcept nogil:
    memset(told, 0xFF, sizeof(Told))
    told.has_epoch = told.has_offset = told.is_bad_offset = told.digits = told.nanoseconds = 0
    told.word = 0
    told.clock = NULL
    told.fraction = told.fraction_end = NULL


cdef bint is_timestamp(Text p, Text end, Told *told) noexcept nogil:
    # No two begin alike but a date alone and a slashtime, an iso8601; what one has put down is forgotten.
    cdef Told before = told[0]
    if p < end and is_digit(p[0]):
        if is_iso8601(p, end, told):
            return True
        told[0] = before
        if is_slashtime(p, end, told):
            return True
        told[0] = before
        if is_clftime(p, end, told):
            return True
        told[0] = before
        if is_rfc2822(p, end, told):
            return True
        told[0] = before
        if is_klogtime(p, end, told):
            return True
        told[0] = before
        if is_date(p, end, told):
            return True
        told[0] = before
        return short_clock_at(p, end, told) == end
    if is_rfc2822(p, end, told):
        return True
    told[0] = before
    if is_ctime(p, end, told):
        return True
    told[0] = before
    return is_syslogtime(p, end, told)


# --- days

cdef int64_t days_of(int64_t year, int month, int day) noexcept nogil:
    # Days since 1970 in the Gregorian calendar; Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". Years from 0.
    cdef int64_t y = year - (month <= 2), era, of_era
    cdef int64_t of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    era = (y if y >= 0 else y - 399) // 400
    of_era = y - era * 400
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


cdef int64_t year_of(int64_t second) noexcept nogil:
    cdef int64_t days = second // DAY - (second % DAY < 0)
    cdef int64_t z = days + 719468, era, of_era, y, of_year
    era = (z if z >= 0 else z - 146096) // 146097
    of_era = z - era * 146097
    y = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * y + y // 4 - y // 100)
    return y + era * 400 + ((5 * of_year + 2) // 153 >= 10)


cdef inline bint is_leap_year(int64_t year) noexcept nogil:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


cdef inline int weekday_of_day(int64_t day) noexcept nogil:
    # 0 for Monday.
    cdef int64_t weekday = (day + 3) % 7
    return <int>(weekday + 7 if weekday < 0 else weekday)


cdef bint day_in(const Told *told, int64_t year, int64_t *day) noexcept nogil:
    # The day since 1970 that `told` says, in *year*; False if there is none.
    cdef int64_t first
    cdef int weekday, week, shift, first_weekday, before, most
    if not 1 <= year <= 9999:
        return False
    if told.day != NOT_SAID and told.month != NOT_SAID:
        if not 1 <= told.month <= 12:
            return False
        most = 30 + ((told.month + (told.month >> 3)) & 1)
        if told.month == 2:
            most = 29 if is_leap_year(year) else 28
        if not 1 <= told.day <= most:
            return False
        day[0] = days_of(year, told.month, told.day)
        return True
    first = days_of(year, 1, 1)
    if told.day_of_year != NOT_SAID:
        day[0] = first + told.day_of_year - 1
        return 1 <= told.day_of_year <= 365 + is_leap_year(year)
    weekday = told.weekday
    if weekday == NOT_SAID:
        weekday = told.weekday_number
    if weekday == NOT_SAID:
        weekday = told.weekday_from_sunday
    if weekday == NOT_SAID:
        return False
    if told.iso_week != NOT_SAID:
        # Week 1 is the one with 4 January; there is a week 53 where 1 January is a Thursday, or 31 December is.
        first_weekday = weekday_of_day(first)
        most = 53 if first_weekday == 3 or (first_weekday == 2 and is_leap_year(year)) else 52
        day[0] = first - first_weekday + (7 if first_weekday > 3 else 0) + 7 * (told.iso_week - 1) + weekday
        return 1 <= told.iso_week <= most
    shift = 1 if told.week_from_sunday != NOT_SAID else 0
    week = told.week_from_sunday if shift else told.week_from_monday
    first_weekday = (weekday_of_day(first) + shift) % 7
    # Week 0 has the days before the first Sunday, or Monday.
    before = -first_weekday if week == 0 else (7 - first_weekday) % 7 + 7 * (week - 1)
    day[0] = first + before + (weekday + shift) % 7
    return 0 <= week <= 53


cdef inline int64_t year_said(const Told *told) noexcept nogil:
    if told.year != NOT_SAID:
        return told.year
    if told.iso_year != NOT_SAID:
        return told.iso_year
    if told.century != NOT_SAID:
        return 100 * told.century + (told.short_year if told.short_year != NOT_SAID else 0)
    if told.short_year != NOT_SAID:
        return told.short_year + (1900 if told.short_year >= 69 else 2000)
    return NOT_SAID


cdef struct Segment:
    # The segment of a zone that was looked up last.
    int32_t zone
    int64_t begin
    int64_t end
    int64_t offset
    uint8_t state


cdef enum:
    MOST_KNOWN = 32     # bytes of a part of a text that is remembered
    MEMOS = 32          # days that are; a power of two
    SHAPES = 16         # readings of which it is remembered where the clock stood; a power of two


cdef struct Known:
    # A part of a text, to be compared with that of the next.
    Py_ssize_t size
    uint8_t[MOST_KNOWN + 16] text       # SAFETY: lm_equal may read 16 bytes more


cdef struct Memo:
    # How the time before was written: for most lines only the clock and the fraction are others, the day is the same.
    int32_t number              # of the reading; -1: nothing is known
    Known date                  # the first of two texts
    Known prefix                # of the text with the clock: what stands before that
    Known suffix                # and after the fraction
    int clock_size
    uint8_t mark                # before the fraction; 0: there is none
    uint8_t state
    uint8_t has_unknown_zone
    int64_t midnight            # of the day, by the local clock
    int64_t begin, end          # of the part of it that has this offset and this state
    int64_t offset


cdef struct Memos:
    Memo[MEMOS] memos
    Py_ssize_t[SHAPES] prefixes         # by the number of a reading: the size of the prefix seen last


cdef inline Memo *memo_of(Memos *memos, int32_t number, const Text *texts, const Text *text_ends, int fields) noexcept nogil:
    # Where a text of this day is remembered, if it is.
    cdef Text p = texts[0]
    cdef Py_ssize_t size = text_ends[0] - p
    cdef uint64_t key = 0
    if fields == 1 and size > memos.prefixes[number & (SHAPES - 1)]:
        size = memos.prefixes[number & (SHAPES - 1)]
    # SAFETY: the eight bytes are within the text.
    if size >= 8:
        key = lm_load64(p + size - 8)
    elif text_ends[0] - p >= 8:
        key = lm_load64(p) << (8 * (8 - size) & 63)
    return &memos.memos[(key * <uint64_t>0x9E3779B97F4A7C15) >> 59]


cdef inline bint set_known(Known *known, Text p, Text end) noexcept nogil:
    known.size = end - p
    if known.size > MOST_KNOWN:
        return False
    memcpy(known.text, p, <size_t>known.size)
    return True


cdef inline bint is_known(const Known *known, Text p, Text end, Text readable) noexcept nogil:
    return end - p == known.size and lm_equal(<Text>known.text, p, known.size, readable)


cdef inline int64_t second_at(Text p, int size) noexcept nogil:
    # The second of the day that HH:MM:SS or HHMMSS says; -1: none, or a leap second. SAFETY: *size* bytes are there.
    cdef uint64_t clock
    cdef int hour, minute, second
    if size == 8:
        # The bytes are digits but for two colons: all at once, the first in the lowest byte.
        clock = lm_load64(p) ^ <uint64_t>0x30303A30303A3030
        if (clock | (clock + <uint64_t>0x0606000606000606)) & <uint64_t>0xF0F0FFF0F0FFF0F0:
            return -1
        hour = 10 * <int>(clock & 255) + <int>(clock >> 8 & 255)
        minute = 10 * <int>(clock >> 24 & 255) + <int>(clock >> 32 & 255)
        second = 10 * <int>(clock >> 48 & 255) + <int>(clock >> 56)
    else:
        hour = pair_at(p)
        minute = pair_at(p + 2)
        second = pair_at(p + 4)
        if hour < 0 or minute < 0 or second < 0:
            return -1
    return 3600 * hour + 60 * minute + second if hour < 24 and minute < 60 and second < 60 else -1


cdef int64_t[9] POWERS
POWERS[:] = [1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000]


cdef bint recall(
    const Memo *memo, const Text *texts, const Text *text_ends, int fields, Text readable, Time *time
) noexcept nogil:
    # Whether the memo says the time: then it is what `read_time` would give.
    cdef Text p = texts[fields - 1], end = text_ends[fields - 1]
    cdef int64_t local, nanoseconds = 0
    cdef int digits = 0
    if fields == 2 and not is_known(&memo.date, texts[0], text_ends[0], readable):
        return False
    # SAFETY: the text has room for the prefix and the clock.
    if end - p < memo.prefix.size + memo.clock_size + memo.suffix.size:
        return False
    if not is_known(&memo.prefix, p, p + memo.prefix.size, readable):
        return False
    p += memo.prefix.size
    local = second_at(p, memo.clock_size)
    if local < 0:
        return False
    local += memo.midnight
    if local < memo.begin or local >= memo.end:
        return False
    p += memo.clock_size
    if memo.mark:
        if p >= end or p[0] != memo.mark:
            return False
        p += 1
        while p < end and digits < 9 and is_digit(p[0]):
            nanoseconds = 10 * nanoseconds + (p[0] - 48)
            digits += 1
            p += 1
        if digits == 0:
            return False
        if digits == 3:
            nanoseconds *= 1000000
        elif digits == 6:
            nanoseconds *= 1000
        else:
            nanoseconds *= POWERS[9 - digits]
    if p != end or memo.suffix.size:
        if not is_known(&memo.suffix, p, end, readable):
            return False
    time.nanoseconds = (local - memo.offset) * 1000000000 + nanoseconds
    time.state = memo.state
    time.digits = <uint8_t>digits
    time.is_leap = 0
    time.has_unknown_zone = memo.has_unknown_zone
    return True


cdef void look_up(const Zone *zone, int64_t local, Segment *segment) noexcept nogil:
    cdef Py_ssize_t low = 0, high = zone.count, middle
    # SAFETY: the first segment begins before any time, so that `low` always begins at *local* or before it.
    while high - low > 1:
        middle = (low + high) >> 1
        if zone.begins[middle] <= local:
            low = middle
        else:
            high = middle
    segment.begin = zone.begins[low]
    segment.end = zone.begins[low + 1] if low + 1 < zone.count else <int64_t>1 << 62
    segment.offset = zone.offsets[low]
    segment.state = ZONED if zone.kinds[low] == 0 else AMBIGUOUS if zone.kinds[low] == 1 else GAP


@cython.final
cdef class Reader:
    """
    Reads the times of lines; frozen, so that threads may share it.

    Args:
        numbers: for each variant the number of its reading, -1 for none; 32-bit words, as are all of these.
        readings: `Reading`s.
        written: `Written`s.
        steps: of formats; see `is_of_format`.
        zones: for each (begins, offsets, kinds), as `zone.Zone` has them.
        words: the words of no zone, and of each of *zones*: (text, offset) pairs.

    Raises:
        ValueError: a number is not one of what it should be.
    """

    cdef bytes numbers_of, readings_of, written_of, steps_of
    cdef list zones_of              # what `zones` points to
    cdef const int32_t *numbers
    cdef const Reading *readings
    cdef const Written *written
    cdef const int32_t *steps
    cdef Py_ssize_t variant_count, reading_count
    cdef Zone *zones
    cdef Py_ssize_t zone_count
    cdef Word *words
    cdef int32_t *word_begins       # of each zone's, the first of no zone; one more than there are

    def __cinit__(self, bytes numbers, bytes readings, bytes written, bytes steps, list zones, list words):
        cdef Py_ssize_t i, k = 0, written_count = len(written) // sizeof(Written), step_count = len(steps) // 4
        cdef const Reading *reading
        cdef const Written *way
        self.numbers_of, self.readings_of, self.written_of, self.steps_of = numbers, readings, written, steps
        self.numbers = <const int32_t *><const char *>self.numbers_of
        self.readings = <const Reading *><const char *>self.readings_of
        self.written = <const Written *><const char *>self.written_of
        self.steps = <const int32_t *><const char *>self.steps_of
        self.variant_count = len(numbers) // 4
        self.reading_count = len(readings) // <Py_ssize_t>sizeof(Reading)
        self.zone_count = len(zones)
        self.zones_of = []
        self.zones = <Zone *>calloc(<size_t>len(zones) + 1, sizeof(Zone))
        self.words = <Word *>calloc(<size_t>sum(map(len, words)) + 1, sizeof(Word))
        self.word_begins = <int32_t *>calloc(<size_t>len(words) + 2, sizeof(int32_t))
        if self.zones == NULL or self.words == NULL or self.word_begins == NULL:
            raise MemoryError
        # All that is indexed later without a look is looked at here.
        for i in range(self.variant_count):
            if not -1 <= self.numbers[i] < self.reading_count:
                raise ValueError("no such reading")
        for i in range(self.reading_count):
            reading = &self.readings[i]
            if not -1 <= reading.zone < self.zone_count or reading.fields[0] < 0:
                raise ValueError("no such zone or field")
            for k in range(2):
                if not 0 <= reading.begins[k] <= reading.ends[k] <= written_count:
                    raise ValueError("no such form")
        for i in range(written_count):
            way = &self.written[i]
            if not (0 <= way.begin <= way.end <= step_count and (way.clock < 0 or way.begin <= way.clock < way.end - 2)):
                raise ValueError("no such steps")
        if len(words) != len(zones) + 1:
            raise ValueError("each zone has words, and no zone has some")
        for i, (begins, offsets, kinds) in enumerate(zones):
            memory = (bytes(begins), bytes(offsets), bytes(kinds))
            if not len(memory[2]) or len(memory[0]) != 8 * len(memory[2]) or len(memory[1]) != len(memory[0]):
                raise ValueError("a zone without segments")
            self.zones_of.append(memory)
            self.zones[i].begins = <const int64_t *><const char *><bytes>memory[0]
            self.zones[i].offsets = <const int64_t *><const char *><bytes>memory[1]
            self.zones[i].kinds = <const uint8_t *><const char *><bytes>memory[2]
            self.zones[i].count = len(memory[2])
        k = 0
        for i, of_zone in enumerate(words):
            self.word_begins[i] = <int32_t>k
            for text, offset in of_zone:
                self.words[k].text = int.from_bytes(text, "little")
                self.words[k].offset = offset
                k += 1
        self.word_begins[len(words)] = <int32_t>k

    def __dealloc__(self):
        free(self.zones)
        free(self.words)
        free(self.word_begins)

    def read(self, matches, const int64_t[::1] limits not None):
        """
        The nanoseconds, states and digits of the lines of *matches*, as bytes; and the counts.

        Args:
            limits: for no zone and for each one up to which second a time without a year is: for `YEAR_OF_FILE` and for
                `YEAR_OF_NOW`.

        Raises:
            ValueError: the columns are not those of matches.
        """
        cdef Py_ssize_t count = matches.line_count
        cdef Py_buffer[COLUMNS] buffers
        cdef int held = 0
        cdef int64_t[COUNTS] counts
        cdef bytes nanoseconds = PyBytes_FromStringAndSize(NULL, 8 * count)
        cdef bytes states = PyBytes_FromStringAndSize(NULL, count)
        cdef bytes digits = PyBytes_FromStringAndSize(NULL, count)
        memset(counts, 0, sizeof(counts))
        if limits.shape[0] < 2 * (self.zone_count + 1):
            raise ValueError("limits are missing")
        if count == 0:
            return nanoseconds, states, digits, (0,) * COUNTS
        try:
            for column in (matches.data, matches.line_begins, matches.line_ends, matches.variant_numbers, matches.span_begins):
                PyObject_GetBuffer(column, &buffers[held], PyBUF_SIMPLE)
                held += 1
            self.read_columns(
                buffers, matches.spans, count, &limits[0], <int64_t *><char *>nanoseconds, <uint8_t *><char *>states,
                <uint8_t *><char *>digits, counts
            )
        finally:
            while held:
                held -= 1
                PyBuffer_Release(&buffers[held])
        return nanoseconds, states, digits, tuple([counts[held] for held in range(COUNTS)])

    cdef int read_columns(
        self, Py_buffer *buffers, const int32_t[::1] spans, Py_ssize_t count, const int64_t *limits, int64_t *nanoseconds,
        uint8_t *states, uint8_t *digits, int64_t *counts
    ) except -1:
        cdef int i
        cdef bint is_right
        for i in range(1, 5):
            if buffers[i].len != 4 * (count + (1 if i == 4 else 0)):
                raise ValueError("the columns are of different lengths")
        with nogil:
            is_right = self.read_lines(
                <Text>buffers[0].buf, buffers[0].len, count, <const int32_t *>buffers[1].buf, <const int32_t *>buffers[2].buf,
                <const int32_t *>buffers[3].buf, <const int32_t *>buffers[4].buf, &spans[0] if spans.shape[0] else NULL,
                spans.shape[0], limits, nanoseconds, states, digits, counts
            )
        if not is_right:
            raise ValueError("the columns are not those of matches")
        return 0

    cdef bint read_lines(
        self, Text data, Py_ssize_t size, Py_ssize_t count, const int32_t *begins, const int32_t *ends, const int32_t *numbers,
        const int32_t *span_begins, const int32_t *spans, Py_ssize_t span_count, const int64_t *limits, int64_t *nanoseconds,
        uint8_t *states, uint8_t *digits, int64_t *counts
    ) noexcept nogil:
        cdef Py_ssize_t i, at
        cdef int k, fields
        cdef int32_t number
        cdef const Reading *reading
        cdef Text[2] texts, text_ends
        cdef Segment segment
        cdef Memos memos
        cdef Memo *memo
        cdef Memo new
        cdef int64_t[4 * COUNTS] tally
        cdef Time time
        segment.zone = -1
        memset(&memos, 0, sizeof(memos))
        for k in range(MEMOS):
            memos.memos[k].number = -1
        for i in range(count):
            number = -1
            if 0 <= numbers[i] < self.variant_count:
                number = self.numbers[numbers[i]]
            if number < 0:
                nanoseconds[i] = 0
                states[i] = NONE
                digits[i] = 0
                continue
            reading = &self.readings[number]
            fields = 2 if reading.fields[1] >= 0 else 1
            for k in range(fields):
                at = span_begins[i] + 2 * <Py_ssize_t>reading.fields[k]
                # SAFETY: the span is one of this line's, and within the line, which is within the data.
                if not (0 <= span_begins[i] and at + 2 <= span_begins[i + 1] <= span_count):
                    return False
                if not 0 <= spans[at] <= spans[at + 1] <= <int64_t>ends[i] - begins[i] or begins[i] < 0 or ends[i] > size:
                    return False
                texts[k] = data + begins[i] + spans[at]
                text_ends[k] = data + begins[i] + spans[at + 1]
            memo = memo_of(&memos, number, texts, text_ends, fields)
            if memo.number != number or not recall(memo, texts, text_ends, fields, data + size, &time):
                if self.read_time(reading, texts, text_ends, fields, limits, &segment, &new, &time):
                    new.number = number
                    memos.prefixes[number & (SHAPES - 1)] = new.prefix.size
                    memo = memo_of(&memos, number, texts, text_ends, fields)
                    memo[0] = new
            nanoseconds[i] = time.nanoseconds
            states[i] = time.state
            digits[i] = time.digits
            counts[LEAP] += time.is_leap
            counts[UNKNOWN_ZONE] += time.has_unknown_zone
        # Four counts of each state: one would wait for the other.
        memset(tally, 0, sizeof(tally))
        for i in range(count):
            tally[(i & 3) * COUNTS + (states[i] & (COUNTS - 1))] += 1
        for i in range(4 * COUNTS):
            counts[i & (COUNTS - 1)] += tally[i]
        return True

    cdef bint is_written(self, const Written *way, Text p, Text end, Told *told) noexcept nogil:
        if way.form == ISO8601:
            return is_iso8601(p, end, told)
        if way.form == SYSLOG:
            return is_syslogtime(p, end, told)
        if way.form == CLF:
            return is_clftime(p, end, told)
        if way.form == EPOCH:
            return is_epoch(p, end, told)
        if way.form == SLASH:
            return is_slashtime(p, end, told)
        if way.form == CTIME:
            return is_ctime(p, end, told)
        if way.form == RFC2822:
            return is_rfc2822(p, end, told)
        if way.form == KLOG:
            return is_klogtime(p, end, told)
        if way.form == DATE:
            return is_date(p, end, told)
        if way.form == CLOCK:
            return short_clock_at(p, end, told) == end
        if way.form == TIMESTAMP:
            return is_timestamp(p, end, told)
        if way.form == FORMAT:
            return is_of_format(
                p, end, self.steps + way.begin, self.steps + way.end, self.steps + way.clock if way.clock >= 0 else NULL, told
            )
        return False

    cdef bint read_time(
        self, const Reading *reading, const Text *texts, const Text *text_ends, int fields, const int64_t *limits,
        Segment *segment, Memo *memo, Time *time
    ) noexcept nogil:
        # Reads the time; whether the memo knows how it was written.
        cdef Told told, before
        cdef int k
        cdef int32_t at
        cdef bint found
        cdef Text p, end
        forget(&told)
        time.nanoseconds = 0
        time.state = NONE
        time.digits = time.is_leap = time.has_unknown_zone = 0
        for k in range(fields):
            found = False
            if reading.ends[k] - reading.begins[k] > 1:
                before = told
            for at in range(reading.begins[k], reading.ends[k]):
                if at > reading.begins[k]:
                    told = before
                if self.is_written(&self.written[at], texts[k], text_ends[k], &told):
                    found = True
                    break
            if not found:
                return False
        if not self.resolve(reading, &told, limits, segment, memo, time) or told.clock == NULL or told.hour12 != NOT_SAID:
            return False
        p = texts[fields - 1]
        end = text_ends[fields - 1]
        if not p <= told.clock <= end:          # of a date of two texts
            return False
        if reading.ends[fields - 1] - reading.begins[fields - 1] > 1:   # another way may be tried first
            return False
        if fields == 2 and not set_known(&memo.date, texts[0], text_ends[0]):
            return False
        if not set_known(&memo.prefix, p, told.clock):
            return False
        memo.clock_size = told.clock_size
        p = told.clock + told.clock_size
        memo.mark = 0
        if told.fraction != NULL:
            # A fraction anywhere else, or right after the clock, is read each time.
            if told.fraction != p + 1 or is_digit(p[0]):
                return False
            memo.mark = p[0]
            p = told.fraction_end
        memo.state = time.state
        memo.has_unknown_zone = time.has_unknown_zone
        return set_known(&memo.suffix, p, end)

    cdef bint resolve(
        self, const Reading *reading, Told *told, const int64_t *limits, Segment *segment, Memo *memo, Time *time
    ) noexcept nogil:
        # The time that `told` says; whether other times of that day can be told from it by the memo.
        cdef int64_t local, day, year, limit, second
        cdef int32_t zone = reading.zone, i
        cdef bint has_offset = told.has_offset != 0
        cdef bint is_unknown = False
        cdef bint is_sure = True
        cdef int offset = told.offset
        cdef int index = 1 if reading.year == YEAR_OF_NOW else 0
        cdef int hour = told.hour if told.hour != NOT_SAID else 0
        cdef int minute = told.minute if told.minute != NOT_SAID else 0
        cdef int second_of_minute = told.second if told.second != NOT_SAID else 0
        time.state = IMPOSSIBLE
        if told.has_epoch:
            if told.epoch > <uint64_t>MOST_SECOND:
                return False
            time.nanoseconds = <int64_t>told.epoch * 1000000000 + told.nanoseconds
            time.digits = <uint8_t>told.digits
            time.state = ZONED
            return False
        if told.hour12 != NOT_SAID:
            hour = told.hour12 % 12 + (12 if told.is_pm == 1 else 0)
        if hour > 23 or minute > 59 or second_of_minute > 61 or (has_offset and told.is_bad_offset):
            return False
        if has_offset:
            zone = -1
        elif told.word:
            is_unknown = True
            for i in range(self.word_begins[zone + 1], self.word_begins[zone + 2]):
                if self.words[i].text == told.word:
                    is_unknown = False
                    if self.words[i].offset != BY_ZONE:
                        has_offset = True
                        offset = self.words[i].offset
                    break
            if has_offset or is_unknown:
                zone = -1
        year = year_said(told)
        if year == NOT_SAID and reading.year >= 0:
            year = reading.year
        if year != NOT_SAID:
            if not day_in(told, year, &day):
                return False
            local = day * DAY + hour * 3600 + minute * 60 + second_of_minute
        else:
            limit = limits[2 * (zone + 1) + index]
            if has_offset:
                limit += offset
            year = year_of(limit)
            local = limit + 1
            for i in range(MOST_YEARS_BACK + 1):
                if day_in(told, year - i, &day):
                    local = day * DAY + hour * 3600 + minute * 60 + second_of_minute
                    # On the day of the limit the year depends on the clock.
                    is_sure = is_sure and not day * DAY <= limit < (day + 1) * DAY
                    if local <= limit:
                        break
            if local > limit:
                return False
        memo.midnight = day * DAY
        memo.begin = day * DAY
        memo.end = (day + 1) * DAY
        memo.offset = 0
        if zone >= 0:
            if segment.zone != zone or local < segment.begin or local >= segment.end:
                segment.zone = zone
                look_up(&self.zones[zone], local, segment)
            memo.offset = segment.offset
            if segment.begin > memo.begin:
                memo.begin = segment.begin
            if segment.end < memo.end:
                memo.end = segment.end
            time.state = segment.state
        elif has_offset:
            memo.offset = offset
            time.state = ZONED
        else:
            time.state = NAIVE
        second = local - memo.offset
        if not LEAST_SECOND <= second <= MOST_SECOND:
            time.state = IMPOSSIBLE
            return False
        time.nanoseconds = second * 1000000000 + told.nanoseconds
        time.digits = <uint8_t>told.digits
        time.is_leap = second_of_minute >= 60
        time.has_unknown_zone = is_unknown
        # Every time of the day can be held in 64 bits, and the clock was one of that day.
        return is_sure and second_of_minute < 60 and LEAST_SECOND + DAY < second < MOST_SECOND - DAY
