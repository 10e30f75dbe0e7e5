"""
Stream: the lines of a system without end, in the shares of its grammar, with *odd* lines among them.

Odd lines are what real logs have too: cut, very long, empty, not UTF-8, of another program, with a stack trace after
them. Each is labelled with its true template id, or None where it is meant to match nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from logmatch.samples.grammar import Chance, Grammar, System

Labelled = tuple[str | None, str]
"""A template id, and a line."""

# Bytes that are not UTF-8 are lone surrogates until the line is encoded.
_NOT_UTF8 = ("caf\udce9 \udcff\udc80 \udcc3(",)
_QUOTES = ('say "no" to C:\\temp\\', 'it\'s \\"quoted\\" \\\\', "<NUM> <<*>> </?>")
_CONTROLS = ("\x1b[31mred\x1b[0m \x07\x00\x7f", "one\rtwo", "tab\there \x0b\x0c\x85 \u2028 end")
_UNICODE = ("Zoë Grünwald", "東京 🦊", "e\u0301 \u202eabc \ufeff!")
_NOISE = (" ", "\t", "-- MARK --", "\x00\x00\x00\x00\x00", "}", "\udcff\udcfe\x00l\x00o")


def labelled_texts(source: System, seed: int, odd: float) -> Iterator[Labelled]:
    """
    Yield labelled lines without end.

    The wheel holds each kind as often as its weight says and is shuffled at each turn, so rare kinds are sure to come.
    An odd event may be several lines; the ones beyond its first are set off against later events, so the share holds.
    """
    chance = Chance(seed)
    grammar = Grammar(source.slots(chance), chance)
    random = chance.random
    wheel = [(name, grammar.maker(text)) for name, (weight, text) in source.kinds.items() for _ in range(weight)]
    events = _odd_events(source, grammar, chance)
    ahead = 0
    while True:
        wheel = chance.shuffled(wheel)
        for name, make in wheel:
            while random() < odd:
                if ahead and odd < 1:
                    ahead -= 1
                    break
                event = next(events)
                ahead += len(event) - 1
                yield from event
            yield name, make()


def _odd_events(source: System, grammar: Grammar, chance: Chance) -> Iterator[list[Labelled]]:
    """Yield odd lines, in groups that belong together; all kinds come in turn, the order is shuffled at each turn."""
    clean = [(name, grammar.maker(text)) for name, (_, text) in source.kinds.items()]
    unknown = [grammar.maker(text) for text in source.unknown]
    before, after = map(grammar.maker, source.kinds[source.free][1].split("{free}"))

    def unmatched() -> list[Labelled]:
        return [(None, chance.pick(unknown)())]

    def cut() -> list[Labelled]:
        return [(None, chance.pick(clean)[1]()[:11])]

    def ends_in(end: str) -> list[Labelled]:
        name, make = chance.pick(clean)
        return [(name, make() + end)]

    def holds(*texts: str) -> list[Labelled]:
        text = chance.pick(texts)
        if source.escaped:
            text = text.replace("\\", "\\\\").replace('"', '\\"')
        return [(source.free, before() + text + after())]

    def very_long() -> list[Labelled]:
        return holds("lorem-" * (200 + int(chance.random() * 600)) + "end")

    def trace() -> list[Labelled]:
        return [*holds("unexpected state"), *((None, line) for line in chance.pick(source.traces))]

    events: list[Callable[[], list[Labelled]]] = [
        *(unmatched, unmatched, cut, very_long),
        lambda: [(None, "")],
        lambda: [(None, chance.pick(_NOISE))],
        *(partial(ends_in, "\r"), partial(ends_in, "  \t ")),
        *(partial(holds, *texts) for texts in (_NOT_UTF8, _QUOTES, _CONTROLS, _UNICODE)),
        *([trace] * len(source.traces)),
    ]
    while True:
        for event in chance.shuffled(events):
            yield event()
