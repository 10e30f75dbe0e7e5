"""Envelopes: what is in them comes out, whatever surrounds it and however it is cut; `orjson` is the judge."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import ENGINES, HAS_KERNEL, examples
from support_entries import difference, unwrapped

from logmatch.entries import unwrap
from logmatch.entries.entries import State
from logmatch.entries.envelope import MOST_DEPTH, Envelope, Kind, read_envelope
from logmatch.entries.unwrap import PythonUnwrapper, Unwrapper, make_unwrapper
from logmatch.errors import UsageError
from logmatch.input.resolve import resolve_inputs
from logmatch.output.record_options import RecordOptions
from logmatch.program import compile_program
from logmatch.run import pipeline
from logmatch.run.job import Job, Pool
from logmatch.templates.template import Template

MAX_LINE = 1 << 20


def both(envelope: Envelope, max_line: int = MAX_LINE) -> list[Unwrapper]:
    return [PythonUnwrapper(envelope, max_line), make_unwrapper(envelope, max_line)]


def messages(envelope: Envelope, *lines: bytes) -> list[tuple[bytes, bytes | None, int]]:
    """Text, more and state of each entry, the same from both."""
    data = b"".join(line + b"\n" for line in lines)
    expected, actual = (unwrapped(unwrapper, data, [len(data)]) for unwrapper in both(envelope))
    assert expected == actual
    return [(row[0], row[1], row[7]) for row in actual[0]]


@pytest.mark.skipif(not HAS_KERNEL, reason="compares the compiled module, which is not built")
@pytest.mark.parametrize("most_held", [300, 1 << 22])
@pytest.mark.parametrize("seed", range(4))
def test_the_compiled_one_does_what_the_definition_does(
    seed: int, most_held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unwrap, "MOST_HELD", most_held)
    random = Random(seed)
    for _ in range(examples(60)):
        assert difference(random) is None


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.text(),
    st.lists(st.tuples(st.text(max_size=4) | st.just("m"), JSON_VALUES), max_size=4),
    st.booleans(),
    st.sampled_from([None, 1]),
)
@settings(max_examples=examples(150), deadline=None)
def test_the_text_is_what_orjson_reads_and_the_input_is_the_rest(
    text: str, others: list[tuple[str, Any]], ascii_only: bool, indent: int | None
) -> None:
    members = [*others, ("m", text)]
    written = [f"{json.dumps(name)}:{json.dumps(value, ensure_ascii=ascii_only)}" for name, value in members]
    line = ("{" + ("\t, " if indent else ",").join(written) + "}").encode("utf-8", "surrogatepass")
    envelope = Envelope(Kind.JSON, (b"m",))
    data = line + b"\n"
    results = [unwrapped(unwrapper, data, [len(data)]) for unwrapper in both(envelope)]
    assert results[0] == results[1]
    [row] = results[1][0]
    try:
        expected = orjson.loads(line)
    except orjson.JSONDecodeError:  # lone surrogates
        assert (line, State.NO_ENVELOPE) == (row[0], row[7])
        return
    whole = row[0] + (b"" if row[1] is None else b"\n" + row[1])
    assert expected.pop("m").encode().removesuffix(b"\n").replace(b"\r", b"") == whole.replace(b"\r", b"")
    assert expected == (orjson.loads(row[2]) if row[2] else {})


@given(st.binary(max_size=40))
@settings(max_examples=examples(300), deadline=None)
def test_what_orjson_refuses_is_no_envelope(inside: bytes) -> None:
    line = b'{"m":"' + inside.replace(b"\n", b"") + b'"}'
    try:
        known = orjson.loads(line)
    except orjson.JSONDecodeError:
        expected = [State.NO_ENVELOPE]
    else:
        expected = [State.WHOLE if isinstance(known.get("m"), str) else State.NO_MESSAGE]
    assert expected == [state for *_, state in messages(Envelope(Kind.JSON, (b"m",)), line)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((rf'"\{escape}"', escaped) for escape, escaped in zip('"\\/bfrt', '"\\/\b\f\r\t', strict=True)),
        *((r'"\u00e9"', "é"), (r'"\u20AC"', "€"), (r'"\ud83d\uDE00"', "😀"), (r'"\u0000"', "\0"), ('""', "")),
        *(('"\ud800"', None), (r'"\ud83d"', None), (r'"\ud83dx"', None), (r'"\udc00"', None), (r'"\u12"', None)),
        *(("1" * 30, "1" * 30), ("-0.50e+7", "-0.50e+7"), ("1e999", "1e999"), ("01", None), ("1.", None), ("+1", None)),
        *(("[1, 2]", "[1, 2]"), ('{"a": 1}', '{"a": 1}'), ("true", "true"), ("tru", None), ("[1,]", None)),
    ],
)
def test_a_value_of_any_kind_is_the_text(value: str, expected: str | None) -> None:
    line = b'{"m":' + value.encode("utf-8", "surrogatepass") + b"}"
    if expected is None:
        assert [(line, None, State.NO_ENVELOPE)] == messages(Envelope(Kind.JSON, (b"m",)), line)
    else:
        assert [(expected.encode(), None, State.WHOLE)] == messages(Envelope(Kind.JSON, (b"m",)), line)


@pytest.mark.parametrize(("depth", "expected"), [(MOST_DEPTH, State.WHOLE), (MOST_DEPTH + 1, State.NO_ENVELOPE)])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_is_bounded(depth: int, expected: State, opening: bytes, closing: bytes) -> None:
    inner = b"1" if opening == b'{"a":' else b""
    line = b'{"x":' + opening * (depth - 1) + inner + closing * (depth - 1) + b',"m":"text"}'
    assert [expected] == [state for *_, state in messages(Envelope(Kind.JSON, (b"m",)), line)]


@pytest.mark.parametrize(
    ("path", "line", "text", "input_"),
    [
        ("a.b", '{"a":{"b":"x","c":1},"d":2}', "x", '{"a":{"c":1},"d":2}'),
        ("a.b", '{"a":{"b":"x"},"a":{"b":"y"}}', "y", '{"a":{},"a":{}}'),
        ("a.b", '{"a":{"b":"x"},"a":1}', None, None),
        (r"a\.b", '{"a.b":"x","a":{"b":"y"}}', "x", '{"a":{"b":"y"}}'),
        ("m", '{"m":"x","m":"y","n":12345678901234567890123456789.0}', "y", '{"n":12345678901234567890123456789.0}'),
        ("m", '{ "\\u006d" : "x" , "n" : [ 1 ] }', "x", '{"n" : [ 1 ]}'),
        ("m", '{"m":"x"}', "x", ""),
        ("m", '{"m":null,"n":1}', None, None),
        ("m", "{}", None, None),
    ],
)
def test_a_path_goes_down_and_the_last_of_equal_keys_wins(
    path: str, line: str, text: str | None, input_: str | None
) -> None:
    data = line.encode() + b"\n"
    for unwrapper in both(read_envelope(f"json:{path}")):
        [row] = unwrapped(unwrapper, data, [len(data)])[0]
        expected = (line, "", State.NO_MESSAGE) if text is None else (text, input_, State.WHOLE)
        assert expected == (row[0].decode(), row[2].decode(), row[7])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"MESSAGE":"a\\nb\\r\\n\\tc","_PID":"7"}', (b"a", b"b\n\tc", State.WHOLE)),
        ('{"MESSAGE":[104, 105 ,255]}', (b"hi\xff", None, State.WHOLE)),
        ('{"MESSAGE":[]}', (b"", None, State.WHOLE)),
        ('{"MESSAGE":[256]}', (b"[256]", None, State.WHOLE)),
        ('{"MESSAGE":["a","b"]}', (b'["a","b"]', None, State.WHOLE)),
    ],
)
def test_the_journal_has_texts_and_lists_of_bytes(line: str, expected: tuple[bytes, bytes | None, State]) -> None:
    assert [expected] == messages(Envelope(Kind.JOURNALD), line.encode())


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("cir", "did you mean 'cri'"),
        ("json", "name the field that holds the text"),
        ("json:", "write json:message"),
        ("json:a..b", "write json:message"),
        ("cri:x", "use lines, cri, docker"),
        ("json:" + "a." * 40 + "a", "write json:message"),
    ],
)
def test_what_input_cannot_be_is_said(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_envelope(text)
    assert hint in str(raised.value)


# Whole runs.

PLAIN = st.binary(max_size=24).map(lambda line: line.replace(b"\n", b"").rstrip(b"\r"))

TEMPLATES = [Template("user", "user <name:word> <n:int>"), Template("rest", "<a:word>=<b:any>", "<t:int> ")]


def records(path: Path, **options: Any) -> list[dict[str, Any]]:
    """The records of a run on *path*."""
    out = path.with_suffix(".jsonl")
    job = Job(
        program=compile_program(TEMPLATES),
        inputs=resolve_inputs([str(path)]).inputs,
        output=str(out),
        record_options=RecordOptions(entries="envelope" in options),
        **options,
    )
    pipeline.run(job)
    return [json.loads(line) for line in out.read_bytes().splitlines()]


def wrapped_in(kind: Kind, lines: list[bytes], random: Random, max_line: int = 0) -> tuple[bytes, list[bytes]]:
    """*lines* in an envelope, split and interleaved; and the same in the order in which they begin."""
    todo = {"stdout": [], "stderr": []}  # type: dict[str, list[list[str]]]
    for line in lines:
        written = line.decode("utf-8", "replace") + "\n"
        cuts = sorted(random.sample(range(1, len(written)), min(random.choice([0, 0, 1, 3]), len(written) - 1)))
        parts = [written[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(written)], strict=True)]
        todo[random.choice(list(todo))].append(parts)
    physical: list[bytes] = []
    order: list[bytes] = []
    open_: dict[str, list[str]] = {}
    while any(todo.values()) or open_:
        stream = random.choice([name for name in todo if todo[name] or name in open_])
        if stream not in open_:
            open_[stream] = todo[stream].pop(0)
            order.append("".join(open_[stream])[:-1].encode())
        part = open_[stream].pop(0)
        if not open_[stream]:
            del open_[stream]
        if kind is Kind.DOCKER:
            physical.append(json.dumps({"log": part, "stream": stream, "time": "t"}).encode())
        else:
            tag = "F" if part.endswith("\n") else "P"
            physical.append(f"2016-10-06T00:17:09.66Z {stream} {tag} {part.removesuffix(chr(10))}".encode())
    return b"".join(line + b"\n" for line in physical), order


@pytest.mark.parametrize("engine", ENGINES)
@given(
    st.lists(PLAIN | st.integers(0, 99).map(lambda n: b"user a%d %d" % (n, n)) | st.just(b"7 x=y z"), max_size=12),
    st.sampled_from([Kind.CRI, Kind.DOCKER]),
    st.integers(0, 1 << 30),
    st.sampled_from([1, 7, 100, 1 << 20]),
    st.sampled_from([8, 1 << 20]),
)
@settings(max_examples=examples(12), deadline=None)
def test_wrapped_split_and_interleaved_lines_give_what_the_plain_lines_give(
    tmp_path_factory: pytest.TempPathFactory,
    engine: str,
    lines: list[bytes],
    kind: Kind,
    seed: int,
    chunk_size: int,
    max_line: int,
) -> None:
    directory = tmp_path_factory.mktemp("wrapped")
    data, order = wrapped_in(kind, lines, Random(seed))
    (directory / "plain.log").write_bytes(b"".join(line + b"\n" for line in order))
    (directory / "wrapped.log").write_bytes(data)
    expected = records(directory / "plain.log", engine=engine, max_line=max_line)
    # The envelope around a line may be longer than what is allowed for the line.
    unwrapper = make_unwrapper(Envelope(kind), max_line)
    assert max_line == 8 or records(
        directory / "wrapped.log", engine=engine, chunk_size=chunk_size, envelope=Envelope(Kind.CONTAINER, keys=())
    ) == _numbered(expected, unwrapped(unwrapper, data, [len(data)])[0])
    rows, left_out = unwrapped(make_unwrapper(Envelope(kind), max_line), data, [len(data)] if data else [])
    assert left_out == 0
    assert [record.get("bytes", 0) for record in expected] == [row[6] for row in rows]


def _numbered(records: list[dict[str, Any]], rows: list[Any]) -> list[dict[str, Any]]:
    """*records* with the physical lines of *rows*."""
    numbered = []
    for record, row in zip(records, rows, strict=True):
        line = {"line": row[3], **({"lines": row[4]} if row[4] > 1 else {})}
        numbered.append({**line, **{key: value for key, value in record.items() if key != "line"}})
    return numbered


@pytest.mark.parametrize("pool", [Pool.THREADS, Pool.PROCESSES])
def test_chunks_and_workers_do_not_show(tmp_path: Path, pool: Pool) -> None:
    random = Random(7)
    data, _ = wrapped_in(Kind.CRI, [b"user a%d %d" % (n, n) for n in range(4000)] + [b"\xe4", b""], random)
    path = tmp_path / "a.log"
    path.write_bytes(data + b"no envelope\n" + b"x" * 3000 + b"\n")
    envelope = Envelope(Kind.CRI)
    expected = records(path, envelope=envelope, max_line=2000)
    assert 4004 == len(expected)
    assert ["not a cri line", "line too long"] == [record.get("error") for record in expected[-2:]]
    for chunk_size in (1 << 10, 1 << 16):
        assert expected == records(path, envelope=envelope, max_line=2000, chunk_size=chunk_size, workers=3, pool=pool)


def test_a_partial_line_that_keeps_too_much_waiting_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unwrap, "MOST_HELD", 1000)
    lines = [b"2016-10-06T00:17:09Z stdout P begun "]
    lines += [b"2016-10-06T00:17:09Z stderr F other"] * 30
    lines += [b"2016-10-06T00:17:09Z stdout P more", b"2016-10-06T00:17:09Z stdout F end"]
    lines += [b"2016-10-06T00:17:09Z stdout F next"]
    data = b"".join(line + b"\n" for line in lines)
    for unwrapper in both(Envelope(Kind.CRI)):
        rows, left_out = unwrapped(unwrapper, data, [len(data)])
        assert 2 == left_out
        assert 32 == len(rows)
        assert (b"begun ", State.TRUNCATED, 1) == (rows[0][0], rows[0][7], rows[0][3])
        assert (b"next", State.WHOLE, 34) == (rows[-1][0], rows[-1][7], rows[-1][3])
