# Formats of strptime, as `time(FORMAT)` has them, and `timestamp`, which is any form.

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
