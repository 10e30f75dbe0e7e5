# Days: of the calendar -> since 1970.

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
