# Memo: what was read of the last times, which most lines have in common with the lines before them; and zones.

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
