"""Time JSON: what records say of the times of their lines, for writers in Python; `_stamp.pxi` does the same."""

from __future__ import annotations

from logmatch.output.batch import Batch
from logmatch.output.record_options import NO_TIME, TIME, TimeForm
from logmatch.times.times import State


def times_json(batch: Batch, form: TimeForm | None) -> list[bytes] | None:
    """What stands for the time of each line of *batch* in a record, with its key; None where records have none."""
    if form is None:
        return None
    times = batch.times
    if times is None:
        return [NO_TIME] * batch.matches.line_count
    columns = (memoryview(times.nanoseconds).cast("B").cast("q"), memoryview(times.states), memoryview(times.digits))
    return [_time_json(form, *each) for each in zip(*columns, strict=True)]


def _time_json(form: TimeForm, nanoseconds: int, state: int, digits: int) -> bytes:
    is_naive = state == State.NAIVE
    if state in (State.NONE, State.IMPOSSIBLE) or (is_naive and form is not TimeForm.RFC3339):
        return NO_TIME
    if form is not TimeForm.RFC3339:
        return TIME + b"%d" % (nanoseconds if form is TimeForm.EPOCH_NS else nanoseconds // 10**6)
    from datetime import datetime, timedelta  # a start has few milliseconds to spend

    second, rest = divmod(nanoseconds, 10**9)
    text = (datetime(1970, 1, 1) + timedelta(seconds=second)).isoformat().encode()
    fraction = (b".%09d" % rest)[: digits + 1] if digits else b""
    return b'%b"%b%b%b"' % (TIME, text, fraction, b"" if is_naive else b"Z")
