"""Marks: what the first bytes of a file tell of its compression, its encoding, and whether it is an archive."""

from __future__ import annotations

import codecs

COMPRESSION_MARKS: dict[bytes, str] = {
    b"\x1f\x8b\x08": "gzip",  # RFC 1952; 8 is the only method there is
    b"\xfd7zXZ\0": "xz",  # https://tukaani.org/xz/xz-file-format.txt, 2.1.1.1
    b"\x28\xb5\x2f\xfd": "zstd",  # RFC 8878, 3.1.1
    **{bytes((first,)) + b"\x2a\x4d\x18": "zstd" for first in range(0x50, 0x60)},  # a skippable frame; same, 3.1.2
    # "BZh", the level, and the first two bytes of a block's or of the end's magic: with "BZh9" alone a line may begin.
    **{b"BZh%d%s" % (level, magic): "bzip2" for level in range(1, 10) for magic in (b"1A", b"\x17r")},
}

BYTE_ORDER_MARKS: dict[bytes, str] = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
    codecs.BOM_UTF32_LE: "utf-32-le",  # begins like UTF-16: the longest mark that fits is taken
    codecs.BOM_UTF32_BE: "utf-32-be",
}

TAR_HEAD = 262
"""How many bytes tell that a stream is a tar archive."""

ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06")
"""With which a zip archive begins: with the header of a member, or, without any, with its end."""


def is_tar(head: bytes) -> bool:
    """Whether a stream that begins with *head*, `TAR_HEAD` bytes, is a tar archive: of pax, ustar or GNU."""
    return head[257:TAR_HEAD] == b"ustar"
