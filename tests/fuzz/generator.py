"""
Generator: an integer -> a `Case`: templates, and lines that they nearly match. The same integer gives the same case.

It knows of templates and lines only, and of no engine. What is drawn is meant to be hard: texts come from a vocabulary
of a few pieces, so that templates overlap and lines have several ways to go; most lines are made from a template and
then, some of them, damaged.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from logmatch.program import compile_program
from logmatch.templates.field_type import ByteSet, NamedType, TypeList
from logmatch.templates.model import (
    ANY,
    DROPPED,
    PATH,
    REST,
    TYPES,
    URL,
    WORD,
    Alternatives,
    Field,
    FieldType,
    Item,
    Literal,
    OptionalPart,
    Pattern,
    RegexType,
    WordList,
)
from logmatch.templates.template import Template
from logmatch.templates.types import named_type

Items = list[Item]
Part = Literal | Field

FREE = (ANY, WORD, PATH, URL)
WITH_ARGUMENT = tuple(
    named_type(name)
    for name in (
        *("csv(;)", "csv(\\t)", "quoted(')", "escaped(|)", "escaped(,)", "kv(;)", "kv(, :)", "kv(& =)", "kv(cef)"),
        *("time(%H:%M)", "time(%Y%m%d %H%M%S%L)", "time(%d/%b/%y %I:%M %p)", "time(%a %e %B %Z)"),
    )
)
"""Some of the types with an argument in parentheses."""

ENDS = {
    **{"csv": b",", "csv(;)": b";", "csv(\\t)": b"\t", "escaped(|)": b"|", "escaped(,)": b","},
    **{"kv": b" ", "kv(;)": b"; ", "kv(, :)": b", ", "kv(& =)": b"&"},
}
"""What ends the text of a type that takes nearly everything: only a literal that begins so can follow it."""

TOKENS = (*(type_ for type_ in TYPES.values() if type_ not in FREE and type_ != REST), *WITH_ARGUMENT)
UNBOUNDED = tuple(type_ for type_ in TOKENS if not type_.facts.is_bounded)
"""Those whose scanned ends are remembered within a line."""

LETTERS = [b"a", b"b", b"ab", b"aab", b"ba", b"abab"]
WORDS = [b"user", b"use", b"userx", b"session", b"opened", b"for", b"from", b"failed", b"error", b"e"]
MARKS = [
    *(
        b" ",
        b" ",
        b": ",
        b":",
        b"=",
        b"[",
        b"]",
        b", ",
        b"-",
        b".",
        b"/",
        b"//",
        b"://",
        b"\t",
        b"  ",
        b"%",
        b"+",
        b"1",
    ),
    *(b"0", b"e", b"x", b"12", b"0x", b"1.2.3.4", b"::", b"12:34", b"z", b"~", b"c:/", b"|", b'a"', b" -"),
]
SPECIAL = [
    *(b'"', b"\\", b"\x00", b"\x1b", b"\x7f", b"\xff", b"\x80", b"\r", b"<", b">", b"}}", b"\x08", b"\x0c", b"\x01"),
    *(
        b"\xc3\xa4",
        b"\xe2\x82\xac",
        b"\xf0\x9f\x98\x80",
        b"\xe2\x82",
        b"\xf0\x9f\x98",
        b"\xed\xa0\x80",
        b"\xc0\xaf",
        b"\xf4",
    ),
]
LENGTHS = (15, 16, 17, 18, 31, 32, 33, 47, 63, 64, 65, 66, 127, 129, 255, 256, 257, 300)

REGEXES = [
    RegexType(source) for source in (b"[ab]+|1*", b"(?<= )a|.(?=:)", b"[^ ]*", rb"\d+", b"(?:a|ab)(?=b|$)", b"x?")
]

SAMPLES: dict[str, list[bytes]] = {
    "any": [b"", b"", b"a", b"a b", b": ", b"1", b"  ", b"aab"],
    "word": [b"a", b"a:b", b"1-", b"\xff", b'"', b"user", b"\\", b"aab"],
    "path": [b"/a", b"~", b"c:/a", b"/", b"C:\\a", b"/a/b:c", b"//"],
    "url": [b"a://b", b"ab+1://a/b", b"a:///", b"http://a.b/c?d=e"],
    "ws": [b"", b" ", b" \t", b"   "],
    "int": [b"1", b"-10", b"+007", b"0", b"-0", b"+00", b"12345678901234567890123"],
    "float": [b"1", b".5", b"-1.50", b"1e-1", b"+00.5", b"-.0e+9", b"1E5", b"000", b"9.99999999999999999999"],
    "percent": [b"1%", b"00.5%", b"-.5%", b"+100%", b"1e3%"],
    "hex": [b"0x1a", b"ab", b"0", b"0XFF", b"deadbeef0123"],
    "ipv4": [b"1.2.3.4", b"255.0.0.10", b"001.02.3.255", b"192.168.100.200"],
    "ipv6": [
        b"::",
        b"::1",
        b"a::1.2.3.4",
        b"1:2:3:4:5:6:7:8",
        b"1::",
        b"fe80::1:2",
        b"1:2:3:4:5:6:1.2.3.4",
        b"1:2:3:4:5:6:7::",
    ],
    "ip": [b"1.2.3.4", b"::1", b"a:b::c"],
    "mac": [b"00:1b:44:11:3a:b7", b"00-1b-44-11-3a-b7", b"AA:BB:CC:DD:EE:FF"],
    "uuid": [b"123e4567-e89b-12d3-a456-426614174000"],
    "host": [b"a", b"a-1.b", b"1.2.3.4", b"web_1.example.com", b"-", b"_"],
    "quoted": [b'""', b'"a b"', b'"\\""', b'"\\\\"', b'"a\\"b"', b'"\xc3\xa4\x00"'],
    "date": [b"2024-05-31", b"2024/05/31"],
    "time": [b"12:34", b"12:34:56.1", b"23:59:60,123456", b"00:00:00"],
    "iso8601": [
        b"2024-05-31T12:34:56Z",
        b"2024-05-31 12:34",
        b"20240531T123456.5+0200",
        b"2024-05-31t12:34:56,1-05:30",
    ],
    "syslogtime": [b"May  3 12:34:56", b"Dec 31 23:59:60", b"Jan 1 00:00:00", b"Feb 09 01:02:03"],
    "clftime": [b"31/May/2024:12:34:56 +0200", b"01/Jan/0000:00:00:60 -0000"],
    "rest": [b"", b"a b", b"1", b"a: b", b'say "x" \\ \xff'],
}
"""For named types, texts that they take besides those of their facts."""

MOST_TEMPLATES = 1000
"""More than are ever drawn."""

MOST_WITH_REGEXES = 25
"""How many templates a case with `/regex/` fields may have: each is asked of Python, by both engines."""

NEAR = [
    *(
        b"+",
        b"-",
        b"1.",
        b"1e",
        b"1e+",
        b"0x",
        b"1.2.3",
        b"1.2.3.256",
        b":",
        b"1:2",
        b"1:2:3:4:5:6:7",
        b":::",
        b'"a',
        b'"a\\',
    ),
    *(
        b"00:1b:44-11:3a:b7",
        b"2024-13-01",
        b"2024-05/31",
        b"24:00",
        b"12:60",
        b"12:34:61",
        b"2024-05-31T",
        b"May 32 12:34:56",
    ),
    *(
        b"123e4567-e89b-12d3-a456-42661417400",
        b"a..b",
        b"a.",
        b"c:",
        b"http:/",
        b"http://",
        b"1a://",
        b"31/May/2024:12:34:56 0200",
    ),
    *(b'{"a":1', b"[1,", b"{", b'"a', b"nul", b"01", b"[" * 70, b"a=", b'a="', b'a=1 b="x', b"=1", b"a\\", b"'a"),
    *(b"12Ki", b"1.5.2", b"1,2,3", b"1m2", b"0:60:61", b"-", b"--", b"Fri May 32", b"25:00 PM", b"1717160759."),
]
"""Texts that a type nearly takes."""


@dataclass(frozen=True, slots=True)
class Case:
    """What engines are compared on."""

    seed: int
    templates: tuple[Template, ...]
    chunks: tuple[bytes, ...]
    """Whole lines each; the last line of any may lack its line break."""


def draw(seed: int) -> Case:
    """The case of *seed*."""
    random = Random(seed)
    templates = _Templates(random)
    drawn = templates.draw()
    lines = _Lines(random, templates.vocabulary, drawn)
    return Case(seed, tuple(drawn), tuple(lines.chunks()))


def draw_templates(seed: int, most: int) -> list[Template]:
    """At most so many templates, without `/regex/` fields, and no lines."""
    random = Random(seed)
    return _Templates(random).draw(most, regexes=False)


class _Templates:
    """Draws the templates of a case."""

    def __init__(self, random: Random) -> None:
        self.random = random
        pools = [LETTERS, WORDS, MARKS, MARKS, SPECIAL]
        self.vocabulary = [b" ", *(random.choice(random.choice(pools)) for _ in range(random.randint(2, 9)))]
        self.short = list(self.vocabulary)
        if random.random() < 0.3:
            for _ in range(random.randint(1, 3)):
                self.vocabulary.append(self._long())
        self.free_share = random.choice([0.2, 0.4, 0.4, 0.7])
        self.types: list[FieldType] = [*FREE, *TOKENS]
        if random.random() < 0.4:  # few types, so that fields meet again
            self.types = random.sample(self.types, random.randint(1, 3))
            self.types.append(random.choice(UNBOUNDED))
        if random.random() < 0.08:
            self.types.append(random.choice(REGEXES))
        for _ in range(random.randint(0, 2)):
            self.types.append(self._word_list())
        for _ in range(random.choice([0, 0, 1, 3])):
            self.types.append(self._byte_set() if random.random() < 0.5 else self._type_list())

    def _long(self) -> bytes:
        size = self.random.choice(LENGTHS)
        return b"".join(self.random.choices(self.short, k=size))[:size].replace(b"\n", b"a")

    def _word_list(self) -> WordList:
        words = {self.random.choice(self.short) + self.random.choice([b"", *self.short]) for _ in range(5)}
        usable = sorted(word for word in words if not set(word) & set(b"<>|") and not word.startswith(b"/"))
        self.random.shuffle(usable)
        usable += [b"a", b"ab"][: max(0, 2 - len(usable))]
        return WordList(tuple(dict.fromkeys(usable)))

    def _byte_set(self) -> ByteSet:
        random = self.random
        chosen = b"".join(random.choices([*self.short, b"0123456789", b"abcdef", b" ", b"\t", b"\xff\x80"], k=3))
        members = set(chosen) if random.random() < 0.6 else set(range(256)) - set(chosen)
        usable = bytes(sorted((members or {0x61}) - {0x0A})) or b"a"
        least = random.choice([0, 1, 1, 1, 2, 5])
        return ByteSet(usable, least, random.choice([None, None, None, least or 1, least + 1, least + 14, 64, 65, 200]))

    def _type_list(self) -> TypeList:
        random = self.random
        if random.random() < 0.2:
            return TypeList((random.choice(FREE[1:]),), nullable=True)
        # Within a list `rest` and what is never output make no sense.
        types = [type_ for type_ in TOKENS if type_.facts.is_output]
        items: list[NamedType | ByteSet | bytes] = [
            random.choice(types) if random.random() < 0.85 else self._byte_set() for _ in range(random.randint(1, 3))
        ]
        words = [*self.short, b"-", b"N/A", b"int"]
        usable = [word for word in words if not set(word) & set(b'"<>|\\')]
        items += random.choices(usable, k=random.choice([0, 1, 2]))
        random.shuffle(items)
        unique = tuple(dict.fromkeys(items))
        nullable = random.random() < 0.4
        return TypeList(unique, nullable or len(unique) == 1)

    def draw(self, most: int = MOST_TEMPLATES, *, regexes: bool = True) -> list[Template]:
        random = self.random
        ways = [
            self._varied,
            self._varied,
            self._varied,
            self._free,
            self._free,
            self._by_byte,
            self._tails,
            self._many,
        ]
        lists = random.choice(ways)()
        random.shuffle(lists)
        del lists[most:]
        headers: list[Pattern | None] = [None]
        if random.random() < 0.5:
            headers += [Pattern(joined(self._items(4))) for _ in range(random.randint(1, 2))]
            if random.random() < 0.6:
                del headers[0]
        priorities = random.choice([[0], [0], [0, 0, 0, 1], [-1, 0, 1]])
        templates = []
        if len(lists) > MOST_WITH_REGEXES or not regexes:
            lists = [_without_regexes(items) for items in lists]
            headers = [None if header is None else Pattern(tuple(_without_regexes(header.items))) for header in headers]
        for number, items in enumerate(lists):
            items = self._ended(items)
            if random.random() < 0.08:
                items = self._with_rest(items)
            pattern = Pattern(self._named(joined(items)))
            templates.append(Template(f"t{number}", pattern, random.choice(headers), random.choice(priorities)))
        return templates

    # Lists of items.

    def _varied(self) -> list[Items]:
        """A few templates, and others that are them with something changed."""
        random = self.random
        count = random.choice([random.randint(1, 4), random.randint(3, 15), random.randint(10, 60)])
        lists = [self._items(7) for _ in range(random.randint(1, 4))]
        while len(lists) < count:
            items = list(random.choice(lists))
            way = random.randrange(6)
            at = random.randrange(len(items)) if items else 0
            if way == 0 and items:
                items[at] = self._item()
            elif way == 1:
                items.insert(at, self._item())
            elif way == 2 and len(items) > 1:
                del items[at]
            elif way == 3:  # the beginning of one, the end of another
                other = random.choice(lists)
                items = items[:at] + other[random.randint(0, len(other)) :]
            elif way == 4:
                items.append(self._item())
            else:
                items = self._items(7)
            lists.append(items[:14])
        return lists

    def _free(self) -> list[Items]:
        """Few templates with many free fields and short literals: many ways to go."""
        random = self.random
        pieces = random.sample(self.short, min(len(self.short), random.randint(1, 3)))
        if random.random() < 0.5:
            # Texts that end earlier though they begin later: a line comes to what follows in any order of places.
            pieces = [b"a", b"b", b"1:"][: random.randint(2, 3)]
            self.vocabulary[:] = [*pieces, *pieces, random.choice(self.short), *random.choices(LETTERS, k=2)]
            self.short[:] = self.vocabulary
        words: list[FieldType] = [self._word_list(), self._word_list(), TYPES["time"], TYPES["ipv6"]]
        lists = []
        for _ in range(random.randint(1, 5)):
            items: Items = []
            for _ in range(random.randint(2, 8)):
                if random.random() < 0.35:
                    items.append(Field(None, random.choice([*UNBOUNDED, *self.types, *words, *words, *words])))
                else:
                    items.append(Field(None, random.choice([ANY, ANY, ANY, WORD, WORD, PATH, URL])))
                if random.random() < 0.7:
                    items.append(Literal(b"".join(random.choices(pieces, k=random.choice([1, 1, 2])))))
            if random.random() < 0.2:
                items.insert(0, Literal(random.choice(self.short)))
            lists.append(items)
        for _ in range(random.randint(0, 4)):
            items = list(random.choice(lists))
            items[random.randrange(len(items))] = self._item()
            lists.append(items)
        return lists

    def _by_byte(self) -> list[Items]:
        """Templates that part by the next byte, in more ways than a BYTE instruction has keys."""
        random = self.random
        begin = self._items(3) if random.random() < 0.7 else []
        tails = [self._items(4) for _ in range(random.randint(1, 3))]
        usable = [byte for byte in range(256) if byte != 0x0A]
        lists = []
        for byte in random.sample(usable, random.choice([2, 15, 16, 17, 18, 33, 100, 254, 255])):
            tail = random.choice(tails) if random.random() < 0.8 else []
            lists.append([*begin, Literal(bytes([byte]) + random.choice([b"", b"a", b"ab"])), *tail])
        if random.random() < 0.5:
            lists.append([*begin, self._field(), *random.choice(tails)])
        return lists

    def _tails(self) -> list[Items]:
        """Many beginnings, few ends, which variants share."""
        random = self.random
        tails = [self._items(6) for _ in range(random.randint(1, 4))]
        fronts: list[Items] = [[], [Field(None, ANY)], self._items(2)]
        front = random.choice(fronts)
        count = random.choice([random.randint(2, 12), random.randint(13, 60), random.randint(60, 200)])
        return [
            [*front, Literal(self._text(2) + (b"%d" % number if random.random() < 0.7 else b"")), *random.choice(tails)]
            for number in range(count)
        ]

    def _many(self) -> list[Items]:
        """Templates as of a program that logs: words, and fields between them."""
        random = self.random
        lists = []
        for number in range(random.choice([20, 40, 60, 60, 150, random.choice([150, 400])])):
            items: Items = []
            for _ in range(random.randint(1, 6)):
                items.append(Literal(random.choice([*WORDS, *self.short]) + random.choice([b" ", b" ", b"=", b": "])))
                if random.random() < 0.5:
                    items.append(Field(None, random.choice([ANY, WORD, TYPES["int"], *self.types])))
                    items.append(Literal(random.choice([b" ", b", ", b"]", b"."])))
            if random.random() < 0.5:
                items.append(Literal(b"%d" % number))
            lists.append(items)
        return lists

    def _items(self, most: int) -> Items:
        random = self.random
        items: Items = []
        for _ in range(random.randint(1, most)):
            if items and isinstance(items[-1], Literal) and random.random() < 0.8:
                items.append(self._field())
            else:
                items.append(self._item())
        if random.random() < 0.15:
            for _ in range(random.randint(1, 2)):
                literal, field = Literal(self._text(2)), self._field()
                parts: list[tuple[Part, ...]] = [
                    (literal, field),
                    (field, literal),
                    (field,),
                    (literal,),
                    (field, self._field()),
                ]
                part: Item = OptionalPart(random.choice(parts))
                if random.random() < 0.3:
                    part = Alternatives((random.choice(parts), random.choice(parts)))
                elif random.random() < 0.1:
                    part = OptionalPart((part, literal))
                items.insert(random.randint(0, len(items)), part)
        return items

    def _item(self) -> Part:
        return Literal(self._text(3)) if self.random.random() < 0.5 else self._field()

    def _text(self, most: int) -> bytes:
        return b"".join(self.random.choices(self.vocabulary, k=self.random.randint(1, most)))

    def _field(self) -> Field:
        random = self.random
        if random.random() < self.free_share:
            type_: FieldType = random.choice([ANY, ANY, ANY, WORD, WORD, PATH, URL])
        else:
            type_ = random.choice(self.types)
        return Field(DROPPED if random.random() < 0.15 else None, type_)

    def _ended(self, items: Items) -> Items:
        """*items*, with something for most fields of `ENDS` to end at."""
        result: Items = []
        for index, item in enumerate(items):
            result.append(item)
            end = ENDS.get(str(item.type), b"") if isinstance(item, Field) else b""
            following = items[index + 1] if index + 1 < len(items) else None
            has_end = following is None or (isinstance(following, Literal) and following.text.startswith(end))
            if end and not has_end and self.random.random() < 0.8:
                result.append(Literal(end + self.random.choice([b"", *self.short])))
        return result

    def _with_rest(self, items: Items) -> Items:
        rest = Field(None, REST)
        return [*items, rest] if self.random.random() < 0.7 else [*items, OptionalPart((Literal(b" "), rest))]

    def _named(self, items: Sequence[Item]) -> tuple[Item, ...]:
        """*items* with at most four optional parts, and with names for some fields."""
        names = (f"n{number}" for number in itertools.count())
        optional_parts = 0

        def named(item: Item) -> Item:
            if isinstance(item, OptionalPart):
                return OptionalPart(tuple(map(named, item.items)))
            if isinstance(item, Alternatives):
                return Alternatives(tuple(tuple(map(named, choice)) for choice in item.choices))
            if isinstance(item, Field) and item.name is None and self.random.random() < 0.4:
                return Field(next(names), item.type)
            return item

        result: Items = []
        for item in items:
            if isinstance(item, OptionalPart | Alternatives):
                optional_parts += 1
                if optional_parts > 3:
                    continue
            result.append(named(item))
        return joined(result)


def joined(items: Sequence[Item]) -> tuple[Item, ...]:
    """*items* with literals that are neighbours made one, as in a parsed pattern."""
    result: Items = []
    for item in items:
        if isinstance(item, Literal) and result and isinstance(before := result[-1], Literal):
            result[-1] = Literal(before.text + item.text)
        else:
            result.append(item)
    return tuple(result)


def _without_regexes(items: Sequence[Item]) -> Items:
    def changed(item: Item) -> Item:
        if isinstance(item, OptionalPart):
            return OptionalPart(tuple(map(changed, item.items)))
        if isinstance(item, Alternatives):
            return Alternatives(tuple(tuple(map(changed, choice)) for choice in item.choices))
        return Field(item.name, ANY) if isinstance(item, Field) and isinstance(item.type, RegexType) else item

    return list(map(changed, items))


class _Lines:
    """Draws the lines of a case, and puts them together to chunks."""

    def __init__(self, random: Random, vocabulary: Sequence[bytes], templates: Sequence[Template]) -> None:
        self.random = random
        self.vocabulary = vocabulary
        self.variants = compile_program(templates).variants
        # The reference tries every item at every place in the worst case: no long lines where there are many.
        self.cost = sum(len(variant.items) for variant in self.variants)
        self.noise = [*vocabulary, *LETTERS, *MARKS, *SPECIAL]

    def chunks(self) -> list[bytes]:
        random = self.random
        count = random.randint(10, 70) if self.cost < 300 else random.randint(8, 30)
        lines = [self._line() for _ in range(count)]
        if random.random() < 0.3:
            lines += random.choices(lines, k=random.randint(1, 8))
        if random.random() < 0.08 and self.cost < 60:
            lines.append(self._long_line())
        chunks = []
        while lines:
            n = random.choice([1, 2, 5, len(lines)])
            chunks.append(self._chunk(lines[:n]))
            del lines[:n]
        if random.random() < 0.08:
            chunks.append(bytes(random.choices(b'\n\n\na \r"', k=random.choice([1, 63, 64, 65, 130, 257]))))
        random.shuffle(chunks)
        return [chunk for chunk in chunks if chunk]

    def _chunk(self, lines: list[bytes]) -> bytes:
        random = self.random
        ends = random.choice([[b"\n"], [b"\n"], [b"\n", b"\r\n"], [b"\r\n"], [b" \n", b"\t\r\n", b"\n"]])
        chunk = b"".join(line + random.choice(ends) for line in lines)
        if random.random() < 0.6:
            chunk = chunk[: -random.choice([1, 1, 1, 2, 3])]
        if random.random() < 0.35:
            step = random.choice([16, 32, 64])
            size = len(chunk) // step * step + random.choice([-1, 0, 0, 1])
            if random.random() < 0.5:
                size += step
            noise = b"".join(random.choices(self.noise, k=80))[: max(0, size - len(chunk))]
            chunk = (noise + chunk) if random.random() < 0.5 else (chunk + noise)
            chunk = chunk[: max(size, 1)]
        return chunk

    def _line(self) -> bytes:
        random = self.random
        way = random.random()
        if way < 0.03:
            return b""
        if way < 0.06:
            return bytes(random.choices(range(256), k=random.randint(0, 80))).replace(b"\n", b"\x0b")
        if way < 0.10:
            return self._some_noise(12)
        if way < 0.17:
            return b"".join(random.choices(self.vocabulary, k=random.randint(1, 15)))[:300]
        if way < 0.19:
            return random.choice([b" ", b"\t", b"\r", b"\r\r", b" \r", b"\x00"]) * random.randint(1, 3)
        line = self._instance(0.015 if way < 0.8 else 0.15)
        if way > 0.85:
            for _ in range(random.choice([1, 1, 1, 2, 3])):
                line = self._damaged(line)
        return line[:6000].replace(b"\n", b"\x0b")

    def _instance(self, damage: float) -> bytes:
        """A line of one of the variants; *damage* of the fields have a text that need not be of their type."""
        items = self.random.choice(self.variants).items
        parts = []
        for index, item in enumerate(items):
            if isinstance(item, Literal):
                parts.append(item.text)
                continue
            following = items[index + 1] if index + 1 < len(items) else None
            after = following.text if isinstance(following, Literal) else self.random.choice(self.vocabulary)
            parts.append(self._wrong(after) if self.random.random() < damage else self._right(item.type, after))
            if self.random.random() < damage:  # the line ends within a field
                return b"".join(parts)[: -self.random.choice([1, 1, 2, 3])]
        return b"".join(parts)

    def _right(self, type_: FieldType, after: bytes) -> bytes:
        """A text that *type_* takes (a `/regex/` perhaps not). *after*: what follows."""
        random = self.random
        if isinstance(type_, WordList):
            return random.choice(type_.words)
        if isinstance(type_, RegexType):
            return random.choice([b"", b"a", b"ab", b"11", b"x", b"abba"])
        if isinstance(type_, ByteSet):
            size = random.choice([type_.least, type_.least + 1, type_.most or 20, 16, 33])
            text = bytes(random.choices(type_.members, k=min(size, type_.most or size)))
            return text + (bytes(random.choices(type_.members, k=1)) if random.random() < 0.1 else b"")
        if isinstance(type_, TypeList):
            option = random.choice(type_.options)
            return option if isinstance(option, bytes) else self._right(option, after)
        text = random.choice((*SAMPLES.get(type_.name, ()), *type_.facts.samples))
        if type_ in FREE or type_ == REST:
            if random.random() < 0.3:  # what ends it stands in it, or nearly
                text += random.choice([after, after[:-1], after[:1], after + after[:-1], after * 2, after[1:]])
            if random.random() < 0.3:
                text += self._some_noise(random.choice([1, 2, 9]))
            if random.random() < 0.04:
                text += random.choice([b"a", b"1", b'"', b"\\", b".", after[:1]]) * random.choice(
                    [15, 16, 17, 31, 33, 64, 100]
                )
            if type_ not in (ANY, REST):
                text = text.translate(None, b" \t") or b"a"
        elif type_.name in ("int", "float", "hex", "host") and random.random() < 0.1:
            text += random.choice([b"0", b"1", b"9"]) * random.choice([8, 15, 16, 17, 40])
        elif type_.facts.grammar is not None and random.random() < 0.15:  # nearly, or with more of the same
            at = random.randint(0, len(text))
            text = text[:at] + random.choice([text[:at], b"", self._some_noise(1), b"0", b"="]) + text[at + 1 :]
        elif type_.name == "quoted" and random.random() < 0.2:
            text = b'"' + self._some_noise(6).replace(b'"', b'\\"').replace(b"\\", b"\\\\") + b'"'
        return text

    def _wrong(self, after: bytes) -> bytes:
        random = self.random
        samples = random.choice(list(SAMPLES.values()))
        text = random.choice([random.choice(NEAR), random.choice(samples), self._some_noise(3), after, after[:-1]])
        return text + (random.choice([after, random.choice(NEAR)]) if random.random() < 0.2 else b"")

    def _some_noise(self, most: int) -> bytes:
        return b"".join(self.random.choices(self.noise, k=self.random.randint(1, most)))

    def _damaged(self, line: bytes) -> bytes:
        random = self.random
        at = random.randint(0, len(line))
        end = random.randint(at, min(at + random.choice([1, 2, 6, 30]), len(line)))
        way = random.randrange(11)
        if way == 0 and at < len(line):
            return line[:at] + bytes([line[at] ^ 1 << random.randrange(8)]) + line[at + 1 :]
        if way == 1:
            return line[:at] + line[end:]
        if way == 2:
            return line[:end] + line[at:]
        if way == 3:
            return line[:at]
        if way == 4:
            other = self._instance(0.05)
            return line[:at] + other[random.randint(0, len(other)) :]
        if way == 5:
            return line[:at] + random.choice([b"\r", b"\t", b" ", b"\x00", b'"', b"\\"]) + line[at:]
        if way == 6:
            return line + random.choice([b" ", b"\t", b"\r", b" \t ", b"\r\r", b" \r"])
        if way == 7:
            return line[:at] + self._some_noise(3) + line[at:]
        if way == 8:
            return line + line[at:]
        if way == 9:
            return line[at:]
        return self._some_noise(1) + line

    def _long_line(self) -> bytes:
        line = self._instance(0.1)
        random = self.random
        at = random.randint(0, len(line))
        run = random.choice(
            [b"1", b'"', b"\\", b" ", b"a", b"a.", b"a:", b"\xff", b"0x", b"1.", b'\\"', *self.vocabulary]
        )
        size = random.choice([300, 1100, 5000]) if self.cost < 15 else random.choice([300, 700])
        return (line[:at] + run * (size // len(run) + 1) + line[at:]).replace(b"\n", b"\x0b")
