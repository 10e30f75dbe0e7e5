# Stamp: the time of a line (`times.times`) as it stands in a record, with its key.

cdef enum:
    # `record_options.TimeForm`, by the order there
    NO_TIME = 0
    RFC3339 = 1
    EPOCH_NS = 2
    EPOCH_MS = 3
    # `times.State`
    STATE_NAIVE = 1
    STATE_IMPOSSIBLE = 3
    DAY_SECONDS = 86400
    STAMP_SIZE = 26         # ,"ts":"2024-05-31T13:05:59
    DAYS = 32               # that are remembered; a power of two


cdef int64_t NO_SECOND = <int64_t>1 << 62


cdef struct Day:
    int64_t number          # since 1970
    uint8_t[16] text        # 2024-05-31


cdef struct Stamp:
    # What was written last, in the form RFC3339: most lines are of the second of the line before, or of a day seen before.
    int64_t second
    uint8_t[32] text
    Day[DAYS] days


cdef void begin_stamp(Stamp *stamp) noexcept nogil:
    cdef int i
    stamp.second = NO_SECOND
    memcpy(stamp.text, b',"ts":"1970-01-01T00:00:00      ', 32)
    for i in range(DAYS):
        stamp.days[i].number = NO_SECOND


cdef const char *TWO_DIGITS = (
    b"0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
    b"5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899"
)


cdef inline void put_two(uint8_t *to, uint64_t number) noexcept nogil:
    memcpy(to, TWO_DIGITS + 2 * number, 2)      # SAFETY: *number* is below 100


cdef inline void put_fraction(uint8_t *to, uint64_t nanoseconds, int digits) noexcept nogil:
    # The first of nine digits; nearly all logs have three or six. SAFETY: nanoseconds are below a second.
    cdef int i
    if digits == 3:
        nanoseconds //= 1000000
        to[0] = <uint8_t>(48 + nanoseconds // 100)
        put_two(to + 1, nanoseconds % 100)
        return
    if digits == 6:
        nanoseconds //= 1000
        put_two(to, nanoseconds // 10000)
        put_two(to + 2, nanoseconds // 100 % 100)
        put_two(to + 4, nanoseconds % 100)
        return
    for i in range(9 - digits):
        nanoseconds //= 10
    for i in range(digits):
        to[digits - 1 - i] = <uint8_t>(48 + nanoseconds % 10)
        nanoseconds //= 10


cdef void set_day(Day *of, int64_t day) noexcept nogil:
    # Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". Nanoseconds of 64 bits are of the years 1677 to 2262.
    cdef int64_t z = day + 719468, era, of_era, year, of_year, month
    era = z // 146097
    of_era = z - era * 146097
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    year += era * 400 + (month >= 10)
    put_two(of.text, <uint64_t>year // 100)
    put_two(of.text + 2, <uint64_t>year % 100)
    of.text[4] = of.text[7] = c'-'
    put_two(of.text + 5, <uint64_t>(month + (3 if month < 10 else -9)))
    put_two(of.text + 8, <uint64_t>(of_year - (153 * month + 2) // 5 + 1))
    of.number = day


cdef inline void set_second(Stamp *stamp, int64_t second) noexcept nogil:
    cdef int64_t day = second // DAY_SECONDS - (second % DAY_SECONDS < 0)
    cdef uint64_t of_day = <uint64_t>(second - day * DAY_SECONDS), minute = of_day // 60
    cdef Day *of = &stamp.days[day & (DAYS - 1)]
    cdef uint8_t *text = stamp.text + 7
    stamp.second = second
    if of.number != day:
        set_day(of, day)
    memcpy(text, of.text, 10)
    put_two(text + 11, minute // 60)
    put_two(text + 14, minute % 60)
    put_two(text + 17, of_day - 60 * minute)


cdef uint8_t *put_integer(uint8_t *to, int64_t number) noexcept nogil:
    cdef Digits digits
    if number < 0:
        to[0] = c'-'
        to += 1
    set_digits(&digits, 0 - <unsigned long long>number if number < 0 else <unsigned long long>number)
    return put_digits(to, &digits)


cdef uint8_t *put_time(
    uint8_t *to, int form, int64_t nanoseconds, uint8_t state, uint8_t digits, Stamp *stamp
) noexcept nogil:
    # SAFETY: at most 46 bytes, and SLACK: the key and 20 bytes of a number, or STAMP_SIZE, a point, 9 digits, Z and a quote.
    cdef int64_t second, rest
    if state == 0 or state == STATE_IMPOSSIBLE or (state == STATE_NAIVE and form != RFC3339):
        memcpy(to, b',"ts":null', 10)
        return to + 10
    if form != RFC3339:
        memcpy(to, b',"ts":', 6)
        if form == EPOCH_MS:
            rest = nanoseconds % 1000000
            nanoseconds = nanoseconds // 1000000 - (rest < 0)
        return put_integer(to + 6, nanoseconds)
    second = nanoseconds // 1000000000
    rest = nanoseconds - second * 1000000000
    if rest < 0:
        second -= 1
        rest += 1000000000
    if second != stamp.second:
        set_second(stamp, second)
    memcpy(to, stamp.text, 32)
    to += STAMP_SIZE
    if digits:
        if digits > 9:
            digits = 9
        to[0] = c'.'
        put_fraction(to + 1, <uint64_t>rest, digits)
        to += digits + 1
    if state != STATE_NAIVE:
        to[0] = c'Z'
        to += 1
    to[0] = c'"'
    return to + 1
