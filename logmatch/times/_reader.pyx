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


include "_pieces.pxi"
include "_forms.pxi"
include "_formats.pxi"
include "_days.pxi"
include "_memo.pxi"


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
