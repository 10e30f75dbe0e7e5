"""Sets of files: rotated logs from the oldest on, and the members of archives as files of their own."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import json
import random
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_cli import RunCli, run_cli

from logmatch.errors import InputError
from logmatch.input.archive import Member, TarStream, holds_members
from logmatch.input.resolve import resolve_inputs
from logmatch.input.rotation import in_rotation_order, rotation_key
from logmatch.input.stream import Block, Pause

__all__ = ["run_cli"]

ROTATED = [
    ["app.log.10.gz", "app.log.2", "app.log.1", "app.log"],
    ["app-20240530.log", "app-20240531.log.gz", "app.log"],
    ["app.2024-05-30.0.log", "app.2024-05-30.1.log", "app.2024-05-31.0.log", "app.log"],
    ["a.log", "b.log.1", "b.log", "c.log"],
    ["messages-20240501", "messages-20240508.gz", "messages"],
    ["x.log.2024-05-31-09", "x.log.2024-05-31-14", "x.log"],
    ["10.0.0.1.log", "10.0.0.2.log"],
]


@pytest.mark.parametrize("expected", ROTATED, ids=lambda names: names[0])
def test_rotated_files_are_in_the_order_in_which_they_were_written(expected: list[str], tmp_path: Path) -> None:
    for order in itertools.permutations(expected):
        assert expected == sorted(order, key=rotation_key)
    for name in random.Random(1).sample(expected, len(expected)):
        (tmp_path / name).write_bytes(b"x\n")
    assert expected == [Path(each.name).name for each in resolve_inputs([str(tmp_path)]).inputs]


def test_names_of_one_log_are_put_in_order_and_others_stay_where_they_are() -> None:
    names = ["z", "app.log", "app.log.1", "app.log.2.gz", "a", "d/app.log", "app.log"]
    assert ["z", "app.log.2.gz", "app.log.1", "app.log", "a", "d/app.log", "app.log"] == in_rotation_order(names)


def test_a_glob_that_no_shell_has_replaced_stands_for_files(tmp_path: Path) -> None:
    for name in ("app.log", "app.log.1", "other.log"):
        (tmp_path / name).write_bytes(b"x\n")
    found = resolve_inputs([str(tmp_path / "app.log*")])
    assert ["app.log.1", "app.log"] == [Path(each.name).name for each in found.inputs]
    assert found.with_file
    assert ["no such file"] == [error.message for error in resolve_inputs([str(tmp_path / "none*")]).errors]


@given(st.lists(st.text("app.log-_120345/\n\0é", max_size=20)))
def test_any_names_are_put_in_some_order(names: list[str]) -> None:
    assert sorted(names) == sorted(in_rotation_order(names))


# Archives

MEMBERS = {
    "app/app.log.1": b"one\ntwo\n",
    "app/app.log": b"three",
    "../../etc/passwd": b"four\n",
    "n" * 150 + "/" + "m" * 120: b"five\n",
    "empty.log": b"",
    "packed.gz": gzip.compress(b"six\nseven\n", mtime=0),
    "é.log": b"x" * 1000 + b"\n",
}


def tar(format_: int, members: dict[str, bytes] = MEMBERS) -> bytes:
    """A tar archive."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=format_) as archive:
        directory = tarfile.TarInfo("app")
        directory.type = tarfile.DIRTYPE
        archive.addfile(directory)
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1_717_160_759
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("app") if hasattr(archive, "mkdir") else None
        for name, data in MEMBERS.items():
            archive.writestr(name, data)
    return file.getvalue()


def lines(name: str, records: str) -> list[tuple[str, int, str]]:
    """File, number and text of each line."""
    found = [json.loads(record) for record in records.splitlines()]
    return [(each["file"].removeprefix(f"{name}!"), each["line"], each["values"]["t"]) for each in found]


EXPECTED = [
    (name, number, line.decode())
    for name, data in MEMBERS.items()
    for number, line in enumerate((gzip.decompress(data) if name.endswith(".gz") else data).splitlines(), 1)
]

ARCHIVES = {
    "pax.tar": tar(tarfile.PAX_FORMAT),
    "gnu.tar": tar(tarfile.GNU_FORMAT),
    "a.tgz": gzip.compress(tar(tarfile.PAX_FORMAT)),
    "a.dat": bz2.compress(tar(tarfile.PAX_FORMAT)),
    "a.zip": zipped(),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_the_members_of_an_archive_are_files(name: str, run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(ARCHIVES[name])
    found = run_cli("parse", name, "-e", "<t:any>")
    assert ("", EXPECTED) == (found.stderr, lines(name, found.stdout))
    if not name.endswith(".zip"):
        found = run_cli("parse", "-e", "<t:any>", "--with-file", stdin=ARCHIVES[name])
        assert EXPECTED == lines("-", found.stdout)


def test_an_archive_is_found_by_its_content(tmp_path: Path) -> None:
    for name, data in (*ARCHIVES.items(), ("a.log", b"ustar\n" * 100), ("b.gz", gzip.compress(b"x\n")), ("c", b"")):
        (tmp_path / name).write_bytes(data)
        assert (name in ARCHIVES) == holds_members(str(tmp_path / name))
    assert not holds_members("-")
    assert not holds_members(str(tmp_path / "none"))


def test_a_member_that_is_encrypted_is_an_error_and_the_others_are_read(run_cli: RunCli, tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("a.log", "secret.log", "b.log"):
            archive.writestr(name, f"{name}\n")
    data = bytearray(file.getvalue())
    at = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    data[at + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    found = run_cli("parse", "a.zip", "-e", "<t:any>")
    assert [("a.log", 1, "a.log"), ("b.log", 1, "b.log")] == lines("a.zip", found.stdout)
    assert "logmatch: a.zip!secret.log: is encrypted\n  = help: unpack it, and read what comes of it\n" == found.stderr
    assert 1 == found.status


def test_a_zip_archive_from_a_pipe_or_in_another_archive_is_an_error(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(tar(tarfile.PAX_FORMAT, {"x.zip": zipped()}))
    found = run_cli("parse", "a.tar", "-e", "<t:any>")
    assert (
        "logmatch: a.tar!x.zip: a zip archive in another archive cannot be read\n  = help: unpack it\n" == found.stderr
    )


def split(data: bytes, size: int) -> list[Block]:
    """*data* in blocks, with a pause after each."""
    return list(itertools.chain.from_iterable((data[at : at + size], Pause(None)) for at in range(0, len(data), size)))


def members(blocks: list[Block]) -> dict[str, bytes]:
    """What a stream gives."""
    found = {}
    for member in TarStream(iter(blocks), "t").members():
        if isinstance(member, Member):
            found[member.name.removeprefix("t!")] = b"".join(each for each in member.blocks if isinstance(each, bytes))
    return found


@pytest.mark.parametrize("size", [1, 7, 512, 100_000])
def test_a_tar_archive_may_be_split_anywhere(size: int) -> None:
    assert members(split(tar(tarfile.PAX_FORMAT), size)) == MEMBERS


@given(st.integers(0, 6000), st.integers(0, 255), st.integers(0, 9000))
def test_a_damaged_tar_archive_is_read_or_an_error(at: int, byte: int, length: int) -> None:
    data = bytearray(tar(tarfile.PAX_FORMAT))
    data[at] = byte
    try:
        members([bytes(data[:length])])
    except InputError as error:
        assert error.location is not None  # noqa: PT017 - it may be no error
