#!/usr/bin/env python3
"""
How well `logmatch.learn` finds the templates of logs whose templates are known: one setting for all of them.

    learn_accuracy.py DIRECTORY [--systems A,B] [--errors SYSTEM]

DIRECTORY holds for each system SYSTEM/SYSTEM_2k.log and SYSTEM/SYSTEM_2k.log_structured.csv, as Loghub does. Templates
are learned from the messages (the column Content) and all messages are matched with them: what the engine answers is
what counts. `header` is the share of raw lines whose message the header that was found gives back.

GA is the share of lines whose group has exactly the lines of the true group, FGA the F1 measure of groups that are
right, PA the share of lines with the text of the true template, FTA the F1 measure of texts that are right: the
definitions of Loghub 2.0 (Jiang et al., ISSTA 2024), with its rules for what differs only in the way it is written.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from logmatch.learn.learner import LearnOptions, learn
from logmatch.matcher import Matcher
from logmatch.templates.model import DROPPED, Field, Literal, Pattern
from logmatch.templates.template import Template

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


def measure(directory: Path, system: str, *, errors: bool) -> dict[str, float]:
    """Return the measures of a system, and the share of raw lines whose header was found."""
    log = directory / system / f"{system}_2k.log"
    with Path(f"{log}_structured.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    messages = [row["Content"] for row in rows]
    data = "".join(f"{message}\n" for message in messages).encode()
    result = learn(lambda: [data], LearnOptions(header=Pattern(())))
    assert not result.left_over, f"{system}: {result.left_over}"
    matcher = Matcher([learned.template for learned in result.templates])
    text_of = {learned.template.id: loghub_text(learned.template.pattern) for learned in result.templates}
    ids = [match.template_id if (match := matcher.match(message)) else "" for message in messages]
    texts = [text_of[id_] for id_ in ids]
    true_ids, true_texts = [row["EventId"] for row in rows], [row["EventTemplate"] for row in rows]
    if errors:
        show_errors(true_ids, true_texts, messages, ids, texts)
    found = score(true_ids, true_texts, ids, texts)
    return found | ({"header": header_share(log, messages)} if log.exists() else {})


def header_share(log: Path, messages: Sequence[str]) -> float:
    """Return the share of lines of *log* whose message is what the learned header leaves."""
    data = log.read_bytes()
    result = learn(lambda: [data])
    matcher = Matcher([_with_rest(result.header)]) if result.header is not None else None
    lines = data.decode("utf-8", "replace").splitlines()
    right = 0
    for line, message in zip(lines, messages, strict=True):
        match = matcher.match(line) if matcher is not None else None
        right += match is not None and str(match.values["message"]).strip() == message.strip()
    return right / len(messages)


def _with_rest(header: Pattern) -> Template:
    return Template("header", "<message:rest>", str(header))


def show_errors(
    true_ids: Sequence[str],
    true_texts: Sequence[str],
    messages: Sequence[str],
    ids: Sequence[str],
    texts: Sequence[str],
) -> None:
    """Print the groups and texts that are wrong."""
    members: dict[str, list[int]] = defaultdict(list)
    for line, id_ in enumerate(ids):
        members[id_].append(line)
    sizes = Counter(true_ids)
    for lines in sorted(members.values(), key=len, reverse=True):
        true = Counter(true_ids[line] for line in lines)
        if len(true) == 1 and sizes[true_ids[lines[0]]] == len(lines):
            if normalise(texts[lines[0]]) != normalise(true_texts[lines[0]]):
                print(f"TEXT  {len(lines)} lines\n   got  {texts[lines[0]]}\n   want {true_texts[lines[0]]}")
            continue
        print(f"GROUP {len(lines)} lines  {texts[lines[0]]}")
        for true_id, count in true.most_common(6):
            line = next(line for line in lines if true_ids[line] == true_id)
            print(f"   {count:5} of {sizes[true_id]:5} {true_texts[line][:150]}\n         e.g. {messages[line][:150]}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Accuracy of learned templates.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--systems", help="comma-separated; default: all that are there")
    parser.add_argument("--errors", action="store_true", help="print what is wrong")
    options = parser.parse_args()
    here = sorted(path.name for path in options.directory.iterdir() if path.is_dir())
    systems = options.systems.split(",") if options.systems else here
    results = {system: measure(options.directory, system, errors=options.errors) for system in systems}
    columns = [*MEASURES, *(["header"] if all("header" in found for found in results.values()) else [])]
    print(f"{'':14}" + "".join(f"{column:>8}" for column in columns))
    for system, found in results.items():
        print(f"{system:14}" + "".join(f"{found[column]:8.3f}" for column in columns))
    mean = {column: sum(found[column] for found in results.values()) / len(results) for column in columns}
    print(f"{'mean':14}" + "".join(f"{mean[column]:8.3f}" for column in columns))


if __name__ == "__main__":
    main()
