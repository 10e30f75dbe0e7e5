"""Times: the two readers give one answer, and it is that of `datetime` and `zoneinfo`."""

from __future__ import annotations

import itertools
import re
import zoneinfo
from array import array
from datetime import UTC, datetime, timedelta, timezone, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import HAS_KERNEL

from logmatch.engine import make_engine
from logmatch.engine.matches import Group, GroupedMatches
from logmatch.errors import UsageError
from logmatch.program import Program, compile_program
from logmatch.templates.template import Template, TimeSource
from logmatch.times.reference import PythonTimeReader
from logmatch.times.times import State, TimeOptions, TimeReader, Times
from logmatch.times.zone import AMBIGUOUS, GAP, LEAST_SECOND, MOST_SECOND, PLAIN, load_zone

ODD_ZONES = (
    *("Europe/Berlin", "Australia/Lord_Howe", "Europe/Dublin", "Africa/Casablanca", "Pacific/Apia", "America/New_York"),
    *("America/Nuuk", "Asia/Tehran", "Asia/Kathmandu", "Antarctica/Troll", "Africa/Monrovia", "Asia/Gaza", "UTC"),
)
NOW = 1_717_160_759  # 2024-05-31T13:05:59Z
EPOCH = datetime(1970, 1, 1)


def readers(program: Program, options: TimeOptions) -> list[tuple[str, TimeReader]]:
    """All readers that there are, each with the engine whose matches it reads."""
    found: list[tuple[str, TimeReader]] = [("reference", PythonTimeReader(program, options))]
    if HAS_KERNEL:
        from logmatch.times.native import NativeTimeReader

        found.append(("native", NativeTimeReader(program, options)))
    return found


def read(pattern: str, lines: list[str], options: TimeOptions | None = None, modified: int | None = NOW) -> Times:
    """The times of *lines*, which every reader gives."""
    program = compile_program([Template("t", pattern)])
    data = "".join(f"{line}\n" for line in lines).encode()
    answers = [
        reader.read(make_engine(program, engine).match_batch(data), modified)
        for engine, reader in readers(program, options or TimeOptions())
    ]
    assert [columns(answers[0])] * len(answers) == list(map(columns, answers))
    return answers[0]


def columns(times: Times) -> tuple[object, ...]:
    """What *times* holds, to be compared."""
    return bytes(times.nanoseconds), bytes(times.states), bytes(times.digits), times.counts


def shown(times: Times) -> list[str | None]:
    """Each time as RFC 3339 writes it, without a zone where none is known."""
    texts: list[str | None] = []
    for number, state, digits in zip(
        array("q", bytes(times.nanoseconds)), bytes(times.states), bytes(times.digits), strict=True
    ):
        if state in (State.NONE, State.IMPOSSIBLE):
            texts.append(None)
            continue
        second, fraction = divmod(number, 10**9)
        text = (EPOCH + timedelta(seconds=second)).isoformat()
        text += f".{fraction:09}"[: digits + 1] if digits else ""
        texts.append(text + ("" if state == State.NAIVE else "Z"))
    return texts


CASES: list[tuple[str, str, str | None]] = [
    ("<t:iso8601>", "2024-05-31T13:05:59.123+02:00", "2024-05-31T11:05:59.123Z"),
    ("<t:iso8601>", "2024-05-31 13:05:59,1 UTC", "2024-05-31T13:05:59.1Z"),
    ("<t:iso8601>", "2024-05-31 13:05 -0330", "2024-05-31T16:35:00Z"),
    ("<t:iso8601>", "20240531T130559Z", "2024-05-31T13:05:59Z"),
    ("<t:iso8601>", "2024-05-31T13:05:59+02", "2024-05-31T11:05:59Z"),
    ("<t:iso8601>", "2024-05-31 13:05:59", "2024-05-31T13:05:59"),
    ("<t:iso8601>", "2024-05-31 13:05:59 CST", "2024-05-31T13:05:59"),
    ("<t:iso8601>", "2024-02-31 13:05:59Z", None),
    ("<t:iso8601>", "2023-02-29 13:05:59Z", None),
    ("<t:iso8601>", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
    ("<t:iso8601>", "2024-05-31T13:05:59.12345678987Z", "2024-05-31T13:05:59.123456789Z"),
    ("<t:iso8601>", "9999-05-31T13:05:59Z", None),
    ("<t:iso8601>", "0000-05-31T13:05:59Z", None),
    ("<t:iso8601>", "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
    ("<t:syslogtime>", "May  3 13:05:59", "2024-05-03T13:05:59"),
    ("<t:syslogtime>", "Jun  1 13:05:59", "2024-06-01T13:05:59"),
    ("<t:syslogtime>", "Jun  1 13:06:00", "2023-06-01T13:06:00"),
    ("<t:syslogtime>", "Dec 31 23:59:59", "2023-12-31T23:59:59"),
    ("<t:syslogtime>", "Feb 29 00:00:00", "2024-02-29T00:00:00"),
    ("<t:syslogtime>", "Feb 30 00:00:00", None),
    ("<t:syslogtime>", "May  3 2021 13:05:59.5 CEST", "2021-05-03T11:05:59.5Z"),
    ("<t:clftime>", "31/May/2024:13:05:59 +0200", "2024-05-31T11:05:59Z"),
    ("<t:clftime>", "31/May/2024:13:05:59.25", "2024-05-31T13:05:59.25"),
    ("<t:clftime>", "31/Jun/2024:13:05:59 +0200", None),
    ("<t:clftime>", "31/May/2024:13:05:59 +2500", None),
    ("<t:epoch>", "1717160759", "2024-05-31T13:05:59Z"),
    ("<t:epoch>", "1717160759.5", "2024-05-31T13:05:59.5Z"),
    ("<t:epoch>", "1717160759123", "2024-05-31T13:05:59.123Z"),
    ("<t:epoch>", "1717160759123456", "2024-05-31T13:05:59.123456Z"),
    ("<t:epoch>", "1717160759123456789", "2024-05-31T13:05:59.123456789Z"),
    ("<t:epoch>", "9999999999999999999", None),
    ("<t:slashtime>", "2024/05/31 13:05:59.123 +0200", "2024-05-31T11:05:59.123Z"),
    ("<t:ctime>", "Fri May  3 13:05:59 CEST 2024", "2024-05-03T11:05:59Z"),
    ("<t:ctime>", "Fri May 31 13:05:59.123456 2024", "2024-05-31T13:05:59.123456"),
    ("<t:ctime>", "Fri May 31 13:05:59 CEST 2024 +0100", "2024-05-31T12:05:59Z"),
    ("<t:rfc2822>", "Fri, 31 May 2024 13:05:59 GMT", "2024-05-31T13:05:59Z"),
    ("<t:rfc2822>", "3 May 2024 13:05", "2024-05-03T13:05:00"),
    ("<t:klogtime>", "0531 13:05:59.123456", "2024-05-31T13:05:59.123456"),
    ("<t:klogtime>", "1231 23:59:59.9", "2023-12-31T23:59:59.9"),
    ("<d:date> <t:time>", "2024-05-31 13:05:59.5", "2024-05-31T13:05:59.5"),
    ("<d:date><_:ws><t:time>", "2024/05/31   13:05", "2024-05-31T13:05:00"),
    ("<d:date> at <x:word>", "2024-05-31 at noon", None),
    ("<t:time> <x:iso8601>", "13:05 2024-05-31T13:05:59Z", "2024-05-31T13:05:59Z"),
    ("<t:timestamp>", "31/May/2024:13:05:59 +0200", "2024-05-31T11:05:59Z"),
    ("<t:timestamp>", "May 31 13:05:59", "2024-05-31T13:05:59"),
    ("<t:timestamp>", "Fri, 31 May 2024 13:05:59 +0200", "2024-05-31T11:05:59Z"),
    ("<t:timestamp>", "3 May 2024 13:05:59 UTC", "2024-05-03T13:05:59Z"),
    ("<t:timestamp>", "Fri May 31 13:05:59 2024", "2024-05-31T13:05:59"),
    ("<t:timestamp>", "0531 13:05:59.123456", "2024-05-31T13:05:59.123456"),
    ("<t:timestamp>", "2024/05/31 13:05:59", "2024-05-31T13:05:59"),
    ("<t:timestamp>", "2024-05-31", "2024-05-31T00:00:00"),
    ("<t:timestamp>", "13:05:59", None),
    ("<t:iso8601?> x", "- x", None),
    ('<t:iso8601|epoch|"N/A">', "1717160759", "2024-05-31T13:05:59Z"),
    ('<t:iso8601|epoch|"N/A">', "2024-05-31T13:05:59Z", "2024-05-31T13:05:59Z"),
    ('<t:iso8601|epoch|"N/A">', "N/A", None),
    ("<t:time(%d.%m.%Y %H:%M:%S,%L)>", "31.05.2024 13:05:59,123", "2024-05-31T13:05:59.123"),
    ("<t:time(%d/%b/%y %I:%M:%S %p %z)>", "31/May/24 01:05:59 PM +02:00", "2024-05-31T11:05:59Z"),
    ("<t:time(%d %B %Y %l %P)>", "3 September 1999 12 am", "1999-09-03T00:00:00"),
    ("<t:time(%A, %e. %B %C%y %k:%M %Z)>", "Friday, 31. May 2024 13:05 CEST", "2024-05-31T11:05:00Z"),
    ("<t:time(%s.%f)>", "1717160759.25", "2024-05-31T13:05:59.25Z"),
    ("<t:time(%s)>", "9999999999999999999", None),
    ("<t:time(%Y-%j %T)>", "2024-152 13:05:59", "2024-05-31T13:05:59"),
    ("<t:time(%Y-%j %T)>", "2023-366 13:05:59", None),
    ("<t:time(%G-W%V-%u %R)>", "2020-W53-7 13:05", "2021-01-03T13:05:00"),
    ("<t:time(%G-W%V-%u %R)>", "2021-W53-7 13:05", None),
    ("<t:time(%Y %U %w %R)>", "2024 00 6 13:05", "2024-01-06T13:05:00"),
    ("<t:time(%Y %W %a %R)>", "2024 22 Fri 13:05", "2024-05-31T13:05:00"),
    ("<t:time(%m%d%H%M%S)>", "0531130559", "2024-05-31T13:05:59"),
    ("<t:time(%m/%d%n%T %z %Z)>", "5/31 13:05:59 -0000 ABC", "2024-05-31T13:05:59Z"),
    ("<t:time(%H:%M)> <d:date>", "13:05 2024-05-31", None),
    ("<d:time(%d.%m.%Y)> <t:time(%H:%M:%S,%L)>", "31.05.2024 13:05:59,123", "2024-05-31T13:05:59.123"),
    ("<x:word> <t:iso8601>", "a 2024-05-31T13:05:59Z", "2024-05-31T13:05:59Z"),
    ("<x:word>", "2024-05-31T13:05:59Z", None),
]


@pytest.mark.parametrize(("pattern", "line", "expected"), CASES, ids=lambda value: str(value)[:40])
def test_a_time_is_what_its_text_says(pattern: str, line: str, expected: str | None) -> None:
    assert [expected] == shown(read(pattern, [line]))


@pytest.mark.parametrize(
    ("zone", "line", "expected", "state"),
    [
        ("Europe/Berlin", "2024-07-01T00:00:00", "2024-06-30T22:00:00Z", State.ZONED),
        ("Europe/Berlin", "2024-10-27T02:30:00", "2024-10-27T00:30:00Z", State.AMBIGUOUS),
        ("Europe/Berlin", "2024-10-27 02:30:00 CET", "2024-10-27T01:30:00Z", State.ZONED),
        ("Europe/Berlin", "2024-03-31T02:30:00", "2024-03-31T01:30:00Z", State.GAP),
        ("Europe/Berlin", "2024-07-01T00:00:00Z", "2024-07-01T00:00:00Z", State.ZONED),
        ("Australia/Lord_Howe", "2024-04-07T01:45:00", "2024-04-06T14:45:00Z", State.AMBIGUOUS),
        ("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T22:00:00Z", State.GAP),
        ("Asia/Shanghai", "2024-05-31 13:05:59 CST", "2024-05-31T05:05:59Z", State.ZONED),
        ("America/Chicago", "2024-01-31 13:05:59 CST", "2024-01-31T19:05:59Z", State.ZONED),
        ("Europe/Moscow", "2012-05-31 13:05:59 MSK", "2012-05-31T09:05:59Z", State.ZONED),
        ("Europe/Berlin", "2024-05-31 13:05:59 IST", "2024-05-31T13:05:59", State.NAIVE),
        ("+05:30", "2024-05-31T13:05:59", "2024-05-31T07:35:59Z", State.ZONED),
        ("Europe/Berlin", "2150-07-01T00:00:00", "2150-06-30T22:00:00Z", State.ZONED),
    ],
)
def test_a_zone_is_that_of_times_without_one(zone: str, line: str, expected: str, state: State) -> None:
    times = read("<t:iso8601>", [line], TimeOptions(zone=zone))
    assert ([expected], [state]) == (shown(times), list(bytes(times.states)))


def test_what_is_odd_about_times_is_counted() -> None:
    lines = ["-", "2024-05-31T13:05:59", "2024-02-31T00:00:00Z", "2016-12-31T23:59:60Z", "2024-05-31 13:05:59 IST"]
    times = read("<t:iso8601?>", lines)
    assert (1, 2, 1, 1, 0, 0, 1, 1) == times.counts


def test_a_line_that_matches_nothing_has_no_time() -> None:
    times = read("<t:iso8601>", ["what", "2024-05-31T13:05:59Z", ""])
    assert [None, "2024-05-31T13:05:59Z", None] == shown(times)


@pytest.mark.parametrize(
    ("year", "modified", "expected"),
    [
        ("2023", NOW, "2023-12-31T23:59:59"),
        ("mtime", NOW, "2023-12-31T23:59:59"),
        ("mtime", 978_307_200, "2000-12-31T23:59:59"),  # 2001-01-01
        ("mtime", 978_220_799, "2000-12-31T23:59:59"),  # a day before that time
        ("mtime", 978_220_798, "1999-12-31T23:59:59"),
    ],
)
def test_a_time_without_a_year_is_of_the_latest_that_keeps_it_before_the_file_was_written(
    year: str, modified: int, expected: str
) -> None:
    assert [expected] == shown(read("<t:syslogtime>", ["Dec 31 23:59:59"], TimeOptions(year=year), modified))


def test_29_february_is_of_the_last_leap_year() -> None:
    for modified, expected in ((1_900_000_000, "2028"), (1_700_000_000, "2020"), (-2_100_000_000, "1896")):
        assert [f"{expected}-02-29T00:00:00"] == shown(read("<t:syslogtime>", ["Feb 29 00:00:00"], modified=modified))
    assert [None] == shown(read("<t:syslogtime>", ["Feb 29 00:00:00"], TimeOptions(year="2023")))


def test_the_year_is_that_of_the_clock_of_the_zone() -> None:
    in_auckland = read(
        "<t:syslogtime>", ["Jan 01 12:00:00"], TimeOptions(zone="Pacific/Auckland"), 1_704_063_600 - 86_400
    )
    assert ["2023-12-31T23:00:00Z"] == shown(in_auckland)


def test_an_input_that_goes_on_is_of_this_year() -> None:
    times = read("<t:syslogtime>", [f"{datetime.now(UTC) - timedelta(hours=1):%b %d %H:%M:%S}"], modified=None)
    assert f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m}" == str(shown(times)[0])[:7]


def test_a_header_says_which_field_is_the_time_and_what_its_lines_do_not_say() -> None:
    berlin = TimeSource("when", "Europe/Berlin", "2020")
    program = compile_program(
        [
            Template("a", "<x:word>", "<t:iso8601> <when:syslogtime> ", times=[berlin]),
            Template("b", "<x:int>", "<(>[<t:iso8601>] <|>(<when:syslogtime>) </)>", times=[TimeSource(), berlin]),
        ]
    )
    data = b"2024-05-31T13:05:59Z May 31 13:05:59 x\n[2024-05-31T13:05:59] 5\n(May 31 13:05:59) 5\n"
    for engine, reader in readers(program, TimeOptions()):
        times = reader.read(make_engine(program, engine).match_batch(data), NOW)
        assert ["2020-05-31T11:05:59Z", "2024-05-31T13:05:59", "2020-05-31T11:05:59Z"] == shown(times)
    for engine, reader in readers(program, TimeOptions("UTC", "2021")):
        times = reader.read(make_engine(program, engine).match_batch(data), NOW)
        assert ["2021-05-31T13:05:59Z", "2024-05-31T13:05:59Z", "2021-05-31T13:05:59Z"] == shown(times)


# --- zones


@pytest.mark.parametrize("name", ODD_ZONES)
def test_a_zone_is_as_zoneinfo_has_it_around_every_change(name: str) -> None:
    zone, known = load_zone(name), zoneinfo.ZoneInfo(name)
    for begin in zone.begins[1:]:
        for local in (begin - 1, begin, begin + 1):
            if LEAST_SECOND < local < MOST_SECOND:
                assert _by_zoneinfo(local, known) == zone.lookup(local), local
    for second in zone.utc_begins[1:]:
        for moment in (second - 1, second):
            if LEAST_SECOND < moment < MOST_SECOND:
                utc = EPOCH.replace(tzinfo=UTC) + timedelta(seconds=moment)
                assert _seconds(utc.astimezone(known).utcoffset()) == zone.offset_at(moment)


@given(st.sampled_from(ODD_ZONES), st.integers(LEAST_SECOND + 1, MOST_SECOND - 1))
def test_a_zone_is_as_zoneinfo_has_it_at_any_time(name: str, local: int) -> None:
    assert _by_zoneinfo(local, zoneinfo.ZoneInfo(name)) == load_zone(name).lookup(local)


def _by_zoneinfo(local: int, zone: tzinfo) -> tuple[int, int]:
    time = (EPOCH + timedelta(seconds=local)).replace(tzinfo=zone)
    first, second = _seconds(time.utcoffset()), _seconds(time.replace(fold=1).utcoffset())
    return first, PLAIN if first == second else AMBIGUOUS if first > second else GAP


def _seconds(offset: timedelta | None) -> int:
    assert offset is not None
    return round(offset.total_seconds())


def test_a_zone_that_is_not_known_is_an_error_that_names_one_like_it() -> None:
    with pytest.raises(UsageError) as caught:
        load_zone("Europe/Berln")
    assert (
        "unknown time zone 'Europe/Berln'\n"
        "  = help: did you mean 'Europe/Berlin'? use a name such as Europe/Berlin, UTC, local, or an offset: +02:00"
    ) == str(caught.value)


@pytest.mark.parametrize("name", ["", "../etc/passwd", "/etc/localtime", "Europe", "Europe/Berlin\0", "+25:00", "é"])
def test_a_name_that_is_no_zone_is_an_error(name: str) -> None:
    with pytest.raises(UsageError):
        load_zone(name)


def test_without_a_database_of_zones_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_found(name: str) -> None:
        raise zoneinfo.ZoneInfoNotFoundError(name)

    monkeypatch.setattr(zoneinfo, "ZoneInfo", not_found)
    monkeypatch.setattr(zoneinfo, "available_timezones", set)
    with pytest.raises(UsageError, match="there is no database of them"):
        load_zone("Europe/Vaduz")
    assert 0 == load_zone("UTC").lookup(0).offset


def test_the_zone_of_this_machine_is_that_of_tz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", ":Asia/Kathmandu")
    load_zone.cache_clear()
    assert 20_700 == load_zone("local").lookup(NOW).offset


# --- any time in any form

_moments = st.datetimes(datetime(1678, 1, 1), datetime(2261, 12, 31)) | st.sampled_from(
    [datetime(2024, 2, 29, 23, 59, 59, 999_999), datetime(2023, 12, 31, 23, 59, 59), datetime(1900, 3, 1), EPOCH]
)
_offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
FORMS = {
    "iso8601": "{t:%Y-%m-%dT%H:%M:%S}.{micro}{z}",
    "slashtime": "{t:%Y/%m/%d %H:%M:%S}.{micro} {z}",
    "clftime": "{t:%d/%b/%Y:%H:%M:%S}.{micro} {z}",
    "ctime": "{t:%a %b} {day:2} {t:%H:%M:%S}.{micro} {z} {t:%Y}",
    "rfc2822": "{t:%a}, {day} {t:%b %Y %H:%M:%S} {z}",
    "timestamp": "{t:%Y-%m-%d %H:%M:%S},{micro} {z}",
    "time(%d.%m.%Y %I:%M:%S.%L %p %z)": "{t:%d.%m.%Y %I:%M:%S}.{micro} {t:%p} {z}",
    "time(%A %B %y|%Y %j %H%M%S%f%z)": "{t:%A %B %y|%Y %j %H%M%S}{micro}{z}",
    "time(%G %V %u %T %z)": "{t:%G %V %u %H:%M:%S} {z}",
    "time(%Y %U %w %T %z)": "{t:%Y %U %w %H:%M:%S} {z}",
    "time(%Y %W %a %T %z)": "{t:%Y %W %a %H:%M:%S} {z}",
}


@given(st.data())
def test_any_time_in_any_form_is_read(data: st.DataObject) -> None:
    zone = data.draw(st.sampled_from([zoneinfo.ZoneInfo(name) for name in ODD_ZONES]) | _offsets)
    type_, form = data.draw(st.sampled_from(list(FORMS.items())))
    moments = [moment.replace(tzinfo=zone) for moment in data.draw(st.lists(_moments, min_size=1, max_size=5))]
    by_name = isinstance(zone, zoneinfo.ZoneInfo)
    texts = []
    for moment in moments:
        offset = "" if by_name else f"{moment:%z}"
        year = f"{moment.year:04}"
        text = form.replace("%Y", year).format(t=moment, day=moment.day, micro=f"{moment.microsecond:06}", z=offset)
        texts.append(re.sub(" +(?= )", "", text) if by_name and type_ == "ctime" and moment.day > 9 else text)
    pattern = f"<t:{type_}>"
    if by_name:  # no offset in the text
        pattern = re.sub(r" ?%z", "", pattern)
        texts = [text.replace("  ", " ").rstrip(" ") if type_ != "ctime" else text for text in texts]
        if type_ == "ctime":
            texts = [re.sub(r"  (\d{4})$", r" \1", text) for text in texts]
    times = read(pattern, texts, TimeOptions(zone=str(zone) if by_name else None))
    with_micros = "{micro}" in form
    for moment, number, state in zip(moments, array("q", bytes(times.nanoseconds)), bytes(times.states), strict=True):
        utc = moment.astimezone(UTC).replace(tzinfo=None)
        micros = (utc - EPOCH) // timedelta(microseconds=1)
        expected = micros * 1000 if with_micros else micros // 10**6 * 10**9
        assert (expected, True) == (number, state in (State.ZONED, State.AMBIGUOUS, State.GAP))


@given(st.sampled_from(ODD_ZONES), st.integers(-(2**31), 2**32), st.integers(1, 366), st.integers(0, 86_399))
def test_any_time_without_a_year_is_the_latest_before_its_reference(
    name: str, modified: int, day_of_year: int, second: int
) -> None:
    known = zoneinfo.ZoneInfo(name)
    text = datetime(2024, 1, 1) + timedelta(days=day_of_year - 1, seconds=second)
    limit = (EPOCH.replace(tzinfo=UTC) + timedelta(seconds=modified + 86_400)).astimezone(known).replace(tzinfo=None)
    candidates = []
    for year in range(limit.year - 9, limit.year + 1):
        if text.month == 2 and text.day == 29 and not (year % 4 == 0 and (year % 100 or year % 400 == 0)):
            continue
        candidates.append(text.replace(year=year))
    expected = max(each for each in candidates if each <= limit).replace(tzinfo=known)
    times = read("<t:syslogtime>", [f"{text:%b %d %H:%M:%S}"], TimeOptions(zone=name), modified)
    assert [f"{expected.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"] == shown(times)


_TYPES = [
    *(name.partition("(")[0] for name in FORMS if "(" not in name),
    "syslogtime",
    "klogtime",
    "epoch",
    "date",
    "time",
]
_FORMATS = ["%d%b%y %H%M%S%f", "%s%n%L%Z", "%I%M %p%z", "%U%w%W%u %V%G", "%B %A %e%C%g", "%j%H%%"]
_texts = st.one_of(
    st.text("0123456789:-/+. ,TZzMayJunFriPMUTCa", max_size=30),
    st.sampled_from([case[1] for case in CASES]).flatmap(
        lambda text: st.tuples(st.integers(0, len(text)), st.text("0139:-/+. TZa", max_size=2), st.integers(0, 2)).map(
            lambda edit: text[: edit[0]] + edit[1] + text[edit[0] + edit[2] :]
        )
    ),
)


@pytest.mark.skipif(not HAS_KERNEL, reason="compares the compiled reader with the one in Python")
@given(st.sampled_from([*_TYPES, *(f"time({each})" for each in _FORMATS)]), st.lists(_texts, min_size=1, max_size=20))
def test_both_readers_give_the_same_of_texts_that_are_no_times(type_: str, texts: list[str]) -> None:
    from logmatch.times.native import NativeTimeReader

    program = compile_program([Template("t", "", f"<t:{type_}>", times=[TimeSource("t")])])
    lines = [text.encode() for text in texts]
    group: Group = (0, list(range(len(lines))), [(line,) for line in lines])
    data = b"".join(line + b"\n" for line in lines)
    begins = list(itertools.accumulate((len(line) + 1 for line in lines), initial=0))[:-1]
    answers = []
    for kind in (PythonTimeReader, NativeTimeReader):
        matches = GroupedMatches(program.variants, data, lines, lambda: begins, [group])
        times = kind(program, TimeOptions(zone="Europe/Berlin")).read(matches, NOW)
        answers.append(columns(times))
    assert answers[0] == answers[1]
