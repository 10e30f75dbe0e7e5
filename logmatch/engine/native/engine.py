"""
Native: the engine that was compiled. It lays a program out as code (`assemble`) and has the kernel run it.

The kernel and what it calls here are shared by threads; what a call finds out is its own (`_RegexFields`).
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from logmatch.engine.matches import FieldTimeouts, Found, LineSpans, Located, texts_of
from logmatch.engine.native import _kernel as kernel
from logmatch.engine.native.assemble import Assembler
from logmatch.engine.native.branches import Items
from logmatch.engine.reference import RegexBudget, Scanner, has_regex, holds_literals
from logmatch.line import Buffer
from logmatch.program import Program
from logmatch.templates.model import Literal

if TYPE_CHECKING:
    from logmatch.engine.portable.engine import PortableEngine


class NativeEngine:
    """The engine that was compiled; see the module."""

    name = "native"
    by_columns = True
    batch_size = 1024 * 1024
    """
    Lines, spans and records of so much are still in a processor's cache when they are needed next, and threads seldom
    meet at the GIL: with 256 KiB two threads took a tenth more time, one thread the same.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._other: PortableEngine | None = None
        assembler = Assembler(len(program.variants))
        plain: list[tuple[int, Items]] = []
        with_regex: list[tuple[int, Items]] = []
        for number, variant in enumerate(program.variants):
            (with_regex if has_regex(variant) else plain).append((number, variant.items))
        self._has_regex = bool(with_regex)
        entry = assembler.add(plain) if plain else -1
        regex_entries = [(number, assembler.add([(number, items)]), *_literals(items)) for number, items in with_regex]
        field_counts = array("i", (len(variant.slots) for variant in program.variants))
        self._kernel = kernel.Kernel(
            assembler.finished(),
            entry,
            plain[0][0] if plain else 0,
            bytes(assembler.sets),
            assembler.grammars(),
            field_counts=field_counts.tobytes(),
            most_fields=max(field_counts, default=0),
            most_frames=assembler.most_frames,
            return_count=assembler.return_count,
            return_bases=assembler.return_bases.tobytes(),
            kind_count=assembler.kind_count,
            regex_entries=regex_entries,
            other_match=self._other_match,
        )

    def __reduce__(self) -> tuple[type[NativeEngine], tuple[Program]]:
        return NativeEngine, (self.program,)

    def match(self, line: bytes) -> Found | None:
        """See `Engine.match`."""
        found = self.locate(line)
        return None if found is None else (found[0], texts_of(line, found[1]))

    def locate(self, line: bytes) -> Located | None:
        """See `Engine.locate`."""
        return self._kernel.match_line(line, _RegexFields(self.program) if self._has_regex else None)

    def match_batch(self, data: Buffer) -> kernel.Table:
        """See `Engine.match_batch`; without the GIL, but for lines that a `/regex/` field may match."""
        return self.match_table(kernel.Table.split(data))

    def match_entries(self, entries: LineSpans) -> kernel.Table:
        """See `Engine.match_entries`; the same."""
        return self.match_table(kernel.Table.of_lines(entries.data, entries.begins, entries.ends))

    def match_table(self, table: kernel.Table) -> kernel.Table:
        """Match lines that were found by other rules than those of `match_batch`; return *table*, filled."""
        fields = _RegexFields(self.program)
        self._kernel.match(table, fields)
        table.timeouts = fields.timeouts
        return table

    def _other_match(self, line: bytes) -> Located | None:
        """What the portable engine says; for lines that would take the kernel too much memory."""
        if self._other is None:
            from logmatch.engine.portable.engine import PortableEngine

            self._other = PortableEngine(self.program)
        return self._other.locate(line)


class _RegexFields:
    """Answers the kernel's questions for `/regex/` fields, during one of its calls; see `Kernel.match`."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.timeouts: FieldTimeouts = Counter()

    def begin(self, line: bytes) -> None:
        """From now on the questions are about *line*."""
        self._line = line
        self._budget = RegexBudget()
        self._scanner = Scanner(line, self._budget)

    def fields(self, number: int) -> Callable[[int, int], int] | None:
        """What finds the ends of the fields of a variant; None where it is not to be tried."""
        variant = self._program.variants[number]
        if self._budget.is_spent or not holds_literals(variant, self._line):
            return None
        types = [field.type for field in variant.fields()]

        def end_of(field: int, start: int) -> int:
            try:
                return self._scanner.token_end(types[field], start)
            except TimeoutError:
                self._budget.is_spent = True
                self.timeouts[variant.template_number, variant.slots[field]] += 1
                return kernel.TIMED_OUT_RESULT

        return end_of


def _literals(items: Items) -> tuple[bytes, bytes]:
    """The literal that *items* begin with, and the longest of the others; without them there is no match."""
    first = items[0].text if items and isinstance(items[0], Literal) else b""
    others = [item.text for item in items[1:] if isinstance(item, Literal)]
    return first, max(others, key=len, default=b"")
