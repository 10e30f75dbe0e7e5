# Values: what the text of a field becomes where that is not the text itself: as `templates.values` says it, which is the
# definition. A number is exact: it is counted in whole numbers, and where these would not do, nothing is written.

cdef enum:
    # Kinds of values; the names are those of `value_plan`.
    TEXT = 0        # a string, escaped
    NUMBER = 1      # a number, with the digits of the text
    VERBATIM = 2    # JSON as it stands in the text
    MADE = 3        # what a function of Python makes of the text
    PAIRS = 4       # keys and values as an object of strings
    DURATION = 5    # seconds
    SIZE = 6        # bytes
    DECIMAL = 7     # a number with thousands marks or a decimal comma
    CSV = 8         # a string, without quotes around it
    LIST = 9        # of the options of a list the first that takes the text

KINDS = {
    "text": TEXT,
    "number": NUMBER,
    "verbatim": VERBATIM,
    "made": MADE,
    "pairs": PAIRS,
    "duration": DURATION,
    "size": SIZE,
    "decimal": DECIMAL,
    "csv": CSV,
    "list": LIST,
}

cdef enum:
    # What a text must be for an option of a list to take it.
    IS_ALWAYS = 0
    IS_TEXT = 1
    IS_SET = 2
    IS_SOLID = 3
    IS_INT = 4
    IS_FLOAT = 5
    IS_PERCENT = 6

TESTS = {
    "always": IS_ALWAYS,
    "text": IS_TEXT,
    "set": IS_SET,
    "solid": IS_SOLID,
    "int": IS_INT,
    "float": IS_FLOAT,
    "percent": IS_PERCENT,
}

cdef enum:
    MOST_DIGITS = 64    # that `put_duration` and `put_size` write, with a sign and a point


cdef inline bint is_digit(uint8_t byte) noexcept nogil:
    return <uint8_t>(byte - c'0') < 10


cdef inline Text digits_end(Text p, Text end) noexcept nogil:
    while p < end and is_digit(p[0]):
        p += 1
    return p


cdef struct Plan:
    # `value_plan.ValuePlan`
    int32_t kind, left, right
    int32_t maker               # the number of what makes it in Python
    Marks marks
    bint nullable
    int32_t option_count
    PlannedOption *options

cdef struct PlannedOption:
    # `value_plan.Option`
    int32_t test
    const uint8_t *text
    Py_ssize_t least, most
    bint in_quotes
    Plan plan


cdef inline bint is_dash(Text p, Text end) noexcept nogil:
    return end - p == 1 and p[0] == c'-'


cdef bint is_dash_in_quotes(const Plan *plan, Text p, Text end) noexcept nogil:
    # Whether the value of a text is a string that is a dash.
    if plan.kind == TEXT:
        return is_dash(p + plan.left, end - plan.right)
    return plan.kind == CSV and end - p == 3 and p[0] == c'"' and is_dash(p + 1, end - 1)


# Whether a text is of a type as a whole.


cdef bint is_float(Text p, Text end) noexcept nogil:
    cdef Text digits
    if p < end and (p[0] == c'+' or p[0] == c'-'):
        p += 1
    digits = p
    p = digits_end(p, end)
    if p < end and p[0] == c'.':
        digits = p + 1
        p = digits_end(digits, end)
    if p == digits:
        return False
    if p < end and (p[0] | 0x20) == c'e':
        p += 1
        if p < end and (p[0] == c'+' or p[0] == c'-'):
            p += 1
        digits = p
        p = digits_end(p, end)
        if p == digits:
            return False
    return p == end


cdef bint is_taken(const PlannedOption *option, Text p, Text end) noexcept nogil:
    # Of IS_TEXT, `least` is the length of the text; of IS_SET that is 256 flags.
    cdef int32_t test = option.test
    cdef const uint8_t *text = option.text
    if test == IS_TEXT:
        return end - p == option.least and memcmp(<const void *>p, <const void *>text, <size_t>option.least) == 0
    if test == IS_SET:
        if end - p < option.least or 0 <= option.most < end - p:
            return False
        while p < end and text[p[0]]:
            p += 1
        return p == end
    if test == IS_SOLID:
        if p == end:
            return False
        while p < end and p[0] != c' ' and p[0] != c'\t':
            p += 1
        return p == end
    if test == IS_INT:
        if p < end and (p[0] == c'+' or p[0] == c'-'):
            p += 1
        return p < end and digits_end(p, end) == end
    if test == IS_FLOAT:
        return is_float(p, end)
    if test == IS_PERCENT:
        return p < end and (end - 1)[0] == c'%' and is_float(p, end - 1)
    return True


# Numbers.


cdef uint8_t *put_whole(uint8_t *to, uint64_t number) noexcept nogil:
    cdef uint8_t[20] digits
    cdef int first = 20
    while True:
        first -= 1
        digits[first] = <uint8_t>(c'0' + number % 10)
        number //= 10
        if number == 0:
            break
    memcpy(to, digits + first, <size_t>(20 - first))
    return to + (20 - first)


cdef uint8_t *put_places(uint8_t *to, uint64_t digits, int places) noexcept nogil:
    # A point and so many digits, less than 10 ** places, without the zeros at the end; nothing for 0.
    cdef int i = places
    if digits == 0:
        return to
    while digits % 10 == 0:
        digits //= 10
        i -= 1
    to[0] = c'.'
    to += i + 1
    places = i
    while i > 0:
        to -= 1
        to[0] = <uint8_t>(c'0' + digits % 10)
        digits //= 10
        i -= 1
    return to + places


cdef Text read_digits(Text p, Text end, int most, uint64_t *number) noexcept nogil:
    # The number of the digits at p and where they end; NULL for more than `most` <= 19, leading zeros apart, or none.
    cdef Text begin = p, first
    number[0] = 0
    while p < end and p[0] == c'0':
        p += 1
    first = p
    while p < end and is_digit(p[0]):
        if p - first == most:
            return NULL
        number[0] = number[0] * 10 + (p[0] - c'0')
        p += 1
    return p if p > begin else NULL


cdef uint64_t[10] TENS
TENS[:] = [1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000]


cdef struct Unit:
    # A unit of time: so many seconds, or so many of them are a second.
    uint64_t seconds
    uint64_t a_second
    uint64_t billionth      # 10 ** -18 seconds in a billionth of the unit


cdef Text unit_end(Text p, Text end, Unit *unit) noexcept nogil:
    # The unit of time that the letters at p name, and where they end; NULL where they name none.
    cdef Text begin = p
    cdef int n
    while p < end and not (is_digit(p[0]) or p[0] == c' '):
        p += 1
    n = <int>(p - begin) if p - begin <= 3 else 0
    unit.a_second = 1
    unit.billionth = 0
    if n == 1:
        unit.seconds = 86400 if begin[0] == c'd' else 3600 if begin[0] == c'h' else 60 if begin[0] == c'm' else 1
        return p if begin[0] == c'd' or begin[0] == c'h' or begin[0] == c'm' or begin[0] == c's' else NULL
    if n < 2 or (p - 1)[0] != c's':
        return NULL
    unit.seconds = 0
    if n == 2 and begin[0] == c'm':
        unit.a_second = 1000
        unit.billionth = 1000000
    elif n == 2 and begin[0] == c'n':
        unit.a_second = 1000000000
        unit.billionth = 1
    elif (n == 2 and begin[0] == c'u') or (
        n == 3 and ((begin[0] == 0xC2 and begin[1] == 0xB5) or (begin[0] == 0xCE and begin[1] == 0xBC))
    ):
        unit.a_second = 1000000
        unit.billionth = 1000
    else:
        return NULL
    return p


cdef uint8_t *put_duration(uint8_t *to, Text p, Text end) noexcept nogil:
    """
    `values.duration`; NULL where it has more digits than are counted with here. `to` has room for MOST_DIGITS and the text.

    The sum is in seconds and in units of 10 ** -18 of one: a number has at most 13 digits and 9 of a fraction.
    """
    cdef uint64_t seconds = 0, rest = 0, number, fraction
    cdef uint64_t second = <uint64_t>1000000000 * 1000000000
    cdef bint is_negative = False
    cdef Unit unit
    cdef Text q
    cdef int i
    if p < end and (p[0] == c'-' or p[0] == c'+'):
        is_negative = p[0] == c'-'
        p += 1
    q = digits_end(p, end)
    if q < end and q[0] == c':':
        for i in range(3):
            q = read_digits(p, end, 13, &number)
            if q == NULL or (i < 2 and (q == end or q[0] != c':')):
                return NULL
            seconds = 60 * seconds + number
            p = q + 1
        if q < end:
            if digits_end(p, end) != end:
                return NULL
            while end > p and (end - 1)[0] == c'0':
                end -= 1
        else:
            p = end
        if is_negative and (seconds or p < end):
            to[0] = c'-'
            to += 1
        to = put_whole(to, seconds)
        if p < end:
            to[0] = c'.'
            memcpy(to + 1, <const void *>p, <size_t>(end - p))
            to += 1 + (end - p)
        return to
    while p < end:
        p = read_digits(p, end, 13, &number)
        if p == NULL:
            return NULL
        fraction = 0
        if p < end and (p[0] == c'.' or p[0] == c','):
            q = digits_end(p + 1, end)
            if q - p > 10 or q - p < 2:
                return NULL
            read_digits(p + 1, q, 9, &fraction)
            fraction *= TENS[10 - (q - p)]
            p = q
        if p < end and p[0] == c' ':
            p += 1
        p = unit_end(p, end, &unit)
        if p == NULL:
            return NULL
        if unit.seconds:
            fraction *= unit.seconds        # at most 86,400 billion billionths
            seconds += number * unit.seconds + fraction // TENS[9]
            rest += fraction % TENS[9] * TENS[9]
        else:
            seconds += number // unit.a_second
            rest += number % unit.a_second * (second // unit.a_second) + fraction * unit.billionth
        if rest >= second:
            rest -= second
            seconds += 1
        if seconds >> 62:
            return NULL     # the next number could be too much
    if is_negative and (seconds or rest):
        to[0] = c'-'
        to += 1
    return put_places(put_whole(to, seconds), rest, 18)


cdef uint8_t *put_size(uint8_t *to, Text p, Text end) noexcept nogil:
    # `values.size`; NULL where it has more digits than 64 bits. `to` has room for MOST_DIGITS.
    cdef uint64_t digits, factor = 1, whole, tens = 1
    cdef int places = 0, power
    cdef uint64_t base = 1024
    cdef Text q = digits_end(p, end)
    cdef uint8_t[20] number
    if q < end and (q[0] == c'.' or q[0] == c','):
        # All digits are one number, and the last of them its fraction.
        places = <int>(digits_end(q + 1, end) - (q + 1)) if end - q < 40 else 40
        if q - p + places > 19:
            return NULL
        memcpy(number, <const void *>p, <size_t>(q - p))
        memcpy(number + (q - p), <const void *>(q + 1), <size_t>places)
        if read_digits(number, number + (q - p) + places, 19, &digits) == NULL:
            return NULL
        p = q + 1 + places
    else:
        p = read_digits(p, end, 19, &digits)
        if p == NULL:
            return NULL
    if p < end and p[0] == c' ':
        p += 1
    if p < end and p[0] != c'B':
        # kB and MB are powers of 1,000; K, M, KiB and MiB of 1,024.
        if (end - 1)[0] == c'B' and (end - 2)[0] != c'i':
            base = 1000
        power = power_of(p[0])
        if power == 0:
            return NULL
        while power > 0:
            factor *= base
            power -= 1
    if digits > ~<uint64_t>0 // factor:
        return NULL
    digits *= factor
    for power in range(places):
        tens *= 10
    whole = digits // tens
    return put_places(put_whole(to, whole), digits - whole * tens, places)


cdef inline int power_of(uint8_t letter) noexcept nogil:
    letter |= 0x20
    return (
        1 if letter == c'k' else 2 if letter == c'm' else 3 if letter == c'g' else 4 if letter == c't' else 5 if letter == c'p'
        else 6 if letter == c'e' else 0
    )


cdef inline bint is_mark(uint8_t byte) noexcept nogil:
    return byte == c'.' or byte == c',' or byte == c"'"


cdef uint8_t *put_decimal(uint8_t *to, Text p, Text end) noexcept nogil:
    # `values.number`; `to` has room for the text and a zero.
    cdef Text mantissa_end, q, point = NULL
    cdef uint8_t first = 0, last = 0
    cdef Py_ssize_t marks = 0
    cdef bint differ = False, begun = False
    if p < end and p[0] == c'-':
        to[0] = c'-'
        to += 1
    if p < end and (p[0] == c'-' or p[0] == c'+'):
        p += 1
    q = p
    while q < end and (q[0] | 0x20) != c'e':
        if is_mark(q[0]):
            if marks == 0:
                first = q[0]
            marks += 1
            last = q[0]
            differ = differ or last != first
            point = q
        q += 1
    mantissa_end = q
    if not (differ or (marks == 1 and last != c"'")):
        point = mantissa_end
    while p < point:
        if not is_mark(p[0]) and (begun or p[0] != c'0'):
            to[0] = p[0]
            to += 1
            begun = True
        p += 1
    if not begun:
        to[0] = c'0'
        to += 1
    if mantissa_end - point > 1:
        to[0] = c'.'
        memcpy(to + 1, <const void *>(point + 1), <size_t>(mantissa_end - point - 1))
        to += mantissa_end - point
    memcpy(to, <const void *>mantissa_end, <size_t>(end - mantissa_end))
    return to + (end - mantissa_end)


cdef uint8_t *put_csv(uint8_t *to, Text p, Text end, bint special, Text readable, Py_ssize_t *replaced) noexcept nogil:
    # `values.csv`, as `put_string` writes it.
    cdef Text q
    if not special:
        lm_copy(to, p, end - p, readable)
        return to + (end - p)
    if p < end and p[0] == c'"':
        p += 1
        end -= 1
        while p < end:
            q = p
            while q < end and q[0] != c'"':
                q += 1
            to = put_string(to, p, q, readable, replaced)
            if q < end:
                to[0] = c'\\'
                to[1] = c'"'
                to += 2
            p = q + 2 if q < end and end - q > 1 and q[1] == c'"' else q + 1
        return to
    return put_string(to, p, end, readable, replaced)
