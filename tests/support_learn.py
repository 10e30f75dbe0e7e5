"""
Logs whose templates are known, made of the statements in `tests/learn/*.txt`, and how well they are learned.

A statement is `COUNT TEXT`; `{kind:arguments}` in the text is a value. The true template is the text with `<*>` for
each value, as Loghub writes it. The wordings were written for these tests, in the style of programs of many kinds.

GA is the share of lines whose group has exactly the lines of the true group, FGA the F1 measure of groups that are
right, PA the share of lines with the text of the true template, FTA the F1 measure of texts that are right: the
definitions of Loghub 2.0 (Jiang et al., ISSTA 2024), with its rules for what differs only in the way it is written.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from logmatch.learn.learner import LearnOptions, learn
from logmatch.matcher import Matcher
from logmatch.templates.model import DROPPED, Field, Literal, Pattern

DIRECTORY = Path(__file__).parent / "learn"
SYSTEMS = sorted(path.stem for path in DIRECTORY.glob("*.txt"))

_VALUE = re.compile(r"\{(\w+)(?::([^{}]*))?\}")
_WORDS = (
    "core",
    "mesh",
    "relay",
    "store",
    "audit",
    "probe",
    "cache",
    "index",
    "queue",
    "shard",
    "vault",
    "canal",
    "ferry",
    "pilot",
    "scout",
    "ledger",
)
_USERS = [
    "anna",
    "boris",
    "chen",
    "dora",
    "emil",
    "fay",
    "gita",
    "hugo",
    "ines",
    "jan",
    "kofi",
    "lena",
    "maria",
    "nils",
    "olu",
    "pia",
]
_CLASSES = [
    "MainActivity",
    "JobEvent",
    "TaskLauncher",
    "NewsDetail",
    "SpeculatorEvent",
    "ContainerAllocator",
    "LoginScreen",
    "ChatView",
]


@dataclass(frozen=True)
class KnownLog:
    """Messages, and for each the number of its statement and the true template."""

    messages: tuple[str, ...]
    ids: tuple[str, ...]
    texts: tuple[str, ...]

    def head(self, lines: int) -> KnownLog:
        """Return the first lines."""
        return KnownLog(self.messages[:lines], self.ids[:lines], self.texts[:lines])


def known_log(system: str, seed: int = 1) -> KnownLog:
    """Return the lines of a system, the same for a seed."""
    mix = random.Random(f"{system}{seed}")
    lines: list[tuple[str, str, str]] = []
    for number, statement in enumerate((DIRECTORY / f"{system}.txt").read_text("utf-8").splitlines()):
        if statement.startswith("#"):
            continue
        count, _, text = statement.partition(" ")
        true = _VALUE.sub("<*>", text)
        lines += [(_filled(text, mix), f"E{number + 1}", true) for _ in range(int(count))]
    mix.shuffle(lines)
    messages, ids, texts = zip(*lines, strict=True)
    return KnownLog(messages, ids, texts)


def _filled(text: str, mix: random.Random) -> str:
    return _VALUE.sub(lambda found: _KINDS[found[1]](mix, *(found[2] or "").split(":")), text)


def _int(mix: random.Random, low: str, high: str) -> str:
    return str(mix.randint(int(low), int(high)))


def _clock(mix: random.Random) -> str:
    return f"{mix.randrange(24):02}:{mix.randrange(60):02}:{mix.randrange(60):02}"


def _hex(mix: random.Random, digits: str) -> str:
    return f"{mix.getrandbits(4 * int(digits)):0{digits}x}"


def _address(mix: random.Random) -> str:
    return f"10.{mix.randrange(256)}.{mix.randrange(256)}.{mix.randrange(1, 255)}"


_Kind = Callable[..., str]
_KINDS: dict[str, _Kind] = {
    "int": _int,
    "float": lambda mix, *_: f"{mix.uniform(0, 999):.{mix.randint(1, 6)}f}",
    "hex": _hex,
    "ip": lambda mix, *_: _address(mix),
    "ips": lambda mix, *_: ",".join(_address(mix) for _ in range(mix.choice((1, 1, 1, 2)))),
    "request": lambda mix, *_: f"/v2/{_hex(mix, '32')}/{mix.choice(_WORDS)} HTTP/1.{mix.randrange(2)}",
    "port": lambda mix, *_: str(mix.randint(1024, 65535)),
    "mac": lambda mix, *_: ":".join(f"{mix.randrange(256):02x}" for _ in range(6)),
    "uuid": lambda mix, *_: "-".join(_hex(mix, digits) for digits in ("8", "4", "4", "4", "12")),
    "clock": lambda mix, *_: _clock(mix),
    "date": lambda mix, mark: (mark or "-").join(("2024", f"{mix.randint(1, 12):02}", f"{mix.randint(1, 28):02}")),
    "user": lambda mix, *_: mix.choice(_USERS),
    "class": lambda mix, *_: f"org.example.{mix.choice(_WORDS)}.{mix.choice(_CLASSES)}",
    "pkg": lambda mix, *_: f"com.example.{mix.choice(_WORDS)}.{mix.choice(_WORDS)}",
    "component": lambda mix, *_: f"com.example.{mix.choice(_WORDS)}/.{mix.choice(_CLASSES)}",
    "host": lambda mix, *_: f"node-{mix.randint(1, 99)}.{mix.choice(('north', 'south'))}.example.com",
    "url": lambda mix, *_: (
        f"hdfs://{_address(mix)}:{mix.randint(1024, 65535)}/{mix.choice(_WORDS)}/part-{mix.randint(1, 99)}"
    ),
    "email": lambda mix, *_: f"{mix.getrandbits(40)}.{mix.choice(_WORDS)}@n{mix.randint(1, 99)}.example.gov",
    "version": lambda mix, *_: ".".join(str(mix.randint(1, 30)) for _ in range(4)),
    "winpath": lambda mix, *_: rf"C:\Windows\{mix.choice(_WORDS)}\{mix.choice(_WORDS)}_{_hex(mix, '16')}\core.dll",
    "path": lambda mix, *_: f"/{mix.choice(_WORDS)}/{mix.choice(_WORDS)}-{mix.randint(1, 99)}/{mix.choice(_WORDS)}.dat",
    "node": lambda mix, *_: f"{mix.choice('abcde')}n{mix.randint(1, 999)}",
    "queueid": lambda mix, *_: f"jA{mix.randint(1, 9)}C{mix.choice('ABCDEFGH')}{mix.randint(10000, 99999)}",
    "word": lambda mix, prefix: prefix + mix.choice(_WORDS),
    "pick": lambda mix, words: mix.choice(words.split("|")),
}


MEASURES = ("GA", "FGA", "PA", "FTA")
_DELIMITERS = re.compile(r"""([\s,!;:=|"'\[\](){}.\-+@#$%&])""")
_SIDE_BY_SIDE = re.compile(r"<\*>(?:[.:#/@]?<\*>)+")
_MARKED = ((" #<*># ", " <*> "), (" #<*> ", " <*> "), (' "<*>" ', " <*> "), (" '<*>' ", " <*> "))


def normalise(text: str) -> str:
    """Return a template text as Loghub 2.0 compares it."""
    pieces = _DELIMITERS.split(re.sub(r"\s+", " ", text.strip()))
    for index, piece in enumerate(pieces):
        if (piece.isdigit() and piece.isascii()) or ("<*>" in piece and "/" not in piece):
            pieces[index] = "<*>"
    text, old = _SIDE_BY_SIDE.sub("<*>", "".join(pieces)), ""
    while text != old:
        old = text
        for written, plain in _MARKED:
            text = text.replace(written, plain)
        text = _SIDE_BY_SIDE.sub("<*>", text)
    return text


def loghub_text(pattern: Pattern) -> str:
    """Return a pattern as Loghub writes it: a field is `<*>`, and so is a part that may be absent, with its blank."""
    text = ""
    for item in pattern.items:
        if isinstance(item, Literal):
            literal = item.text.decode("utf-8", "replace")
            text += literal.removeprefix(" ") if text.endswith("<*>\x00") else literal
        elif isinstance(item, Field):
            text += " " if item.name == DROPPED else "<*>"
        else:
            text += "<*>\x00"
    return text.replace("\x00", "")


def f1(right: int, found: int, true: int) -> float:
    """Return the harmonic mean of right/found and right/true."""
    return 2 * right / (found + true) if found + true else 0.0


def score(
    true_ids: Sequence[str], true_texts: Sequence[str], ids: Sequence[str], texts: Sequence[str]
) -> dict[str, float]:
    """Return the measures of one system."""
    groups: dict[str, list[int]] = defaultdict(list)
    true_groups: dict[str, list[int]] = defaultdict(list)
    for line, (true_id, id_) in enumerate(zip(true_ids, ids, strict=True)):
        groups[id_].append(line)
        true_groups[true_id].append(line)
    true_sets = {tuple(lines) for lines in true_groups.values()}
    right = [lines for lines in groups.values() if tuple(lines) in true_sets]
    normal = {text: normalise(text) for text in {*true_texts, *texts}}
    by_text: dict[str, set[str]] = defaultdict(set)
    for true_text, text in zip(true_texts, texts, strict=True):
        by_text[normal[text]].add(normal[true_text])
    right_texts = sum(true == {text} for text, true in by_text.items())
    return {
        "GA": sum(map(len, right)) / len(ids),
        "FGA": f1(len(right), len(groups), len(true_groups)),
        "PA": sum(normal[a] == normal[b] for a, b in zip(true_texts, texts, strict=True)) / len(ids),
        "FTA": f1(right_texts, len(by_text), len({normal[text] for text in true_texts})),
    }


def learned_templates(log: KnownLog) -> tuple[list[str], list[str]]:
    """Return for each message the id of the learned template that matches it, and its text as Loghub writes it."""
    data = "".join(f"{message}\n" for message in log.messages).encode()
    result = learn(lambda: [data], LearnOptions(header=Pattern(())))
    assert {} == result.left_over
    matcher = Matcher([learned.template for learned in result.templates])
    text_of = {learned.template.id: loghub_text(learned.template.pattern) for learned in result.templates}
    ids = [match.template_id if (match := matcher.match(message)) else "" for message in log.messages]
    return ids, [text_of[id_] for id_ in ids]


def measure(log: KnownLog) -> dict[str, float]:
    """Return the measures of what is learned from a log."""
    return score(log.ids, log.texts, *learned_templates(log))
