#!/usr/bin/env python3
"""
How well `logmatch.learn` finds the templates of logs whose templates are known: one setting for all of them.

    learn_accuracy.py [DIRECTORY] [--systems A,B] [--errors] [--leave-one-out]

Without DIRECTORY the logs are those of `tests/support_learn.py`, which defines the measures. DIRECTORY holds for each
system SYSTEM/SYSTEM_2k.log and SYSTEM/SYSTEM_2k.log_structured.csv, as Loghub does. Templates are learned from the
messages (the column Content) and all messages are matched with them: what the engine answers is what counts. `header`
is the share of raw lines whose message the header that was found gives back.

`--leave-one-out` says whether the numbers of the method are tuned to these systems: each number is changed alone, and
for each system it is said what would be best for all others, and what this one would have then.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from logmatch.learn import evidence
from logmatch.learn.learner import learn
from logmatch.matcher import Matcher
from logmatch.templates.model import Pattern
from logmatch.templates.template import Template

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from support_learn import SYSTEMS, KnownLog, known_log, learned_templates, measure, normalise, score


def read_log(directory: Path, system: str) -> KnownLog:
    """Return the messages of a system in the form of Loghub."""
    path = directory / system / f"{system}_2k.log_structured.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    messages, ids, texts = (tuple(row[name] for row in rows) for name in ("Content", "EventId", "EventTemplate"))
    return KnownLog(messages, ids, texts)


def leave_one_out(logs: Mapping[str, KnownLog]) -> None:
    """Print for each number of the method what it would be without each system, and what that system has by it."""
    for name, usual in sorted(vars(evidence).items()):
        if not (name.startswith("_") and isinstance(usual, int)):
            continue
        found: dict[int, dict[str, float]] = {}
        for value in sorted({max(1, usual // 2), max(1, usual - 1), usual, usual + 1, usual * 2}):
            setattr(evidence, name, value)
            found[value] = {system: measure(log)["GA"] for system, log in logs.items()}
        setattr(evidence, name, usual)
        print(f"{name} = {usual}; mean GA", *(f"{value}: {mean(gas.values()):.4f}" for value, gas in found.items()))
        for system in logs:
            others = {value: sum(gas.values()) - gas[system] for value, gas in found.items()}
            best = max(others, key=lambda value: (round(others[value], 6), -abs(value - usual)))
            if best != usual:
                print(f"    {best} without {system}: {found[usual][system]:.3f} -> {found[best][system]:.3f}")


def mean(numbers: Iterable[float]) -> float:
    """Return the mean of *numbers*."""
    found = list(numbers)
    return sum(found) / len(found)


def header_share(log: Path, messages: Sequence[str]) -> float:
    """Return the share of lines of *log* whose message is what the learned header leaves."""
    data = log.read_bytes()
    result = learn(lambda: [data])
    matcher = Matcher([_with_rest(result.header)]) if result.header is not None else None
    lines = data.decode("utf-8", "replace").removesuffix("\n").split("\n")
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
    parser.add_argument("directory", type=Path, nargs="?")
    parser.add_argument("--systems", help="comma-separated; default: all that are there")
    parser.add_argument("--errors", action="store_true", help="print what is wrong")
    parser.add_argument("--leave-one-out", action="store_true", help="vary the numbers of the method")
    options = parser.parse_args()
    directory: Path | None = options.directory
    here = sorted(path.name for path in directory.iterdir() if path.is_dir()) if directory else SYSTEMS
    systems = options.systems.split(",") if options.systems else here
    logs = {system: read_log(directory, system) if directory else known_log(system) for system in systems}
    if options.leave_one_out:
        leave_one_out(logs)
        return
    results: dict[str, dict[str, float]] = {}
    for system, log in logs.items():
        ids, texts = learned_templates(log)
        results[system] = score(log.ids, log.texts, ids, texts)
        if options.errors:
            show_errors(log.ids, log.texts, log.messages, ids, texts)
        if directory and (raw := directory / system / f"{system}_2k.log").exists():
            results[system]["header"] = header_share(raw, log.messages)
    columns = list(next(iter(results.values())))
    print(f"{'':14}" + "".join(f"{column:>8}" for column in columns))
    for system, found in results.items():
        print(f"{system:14}" + "".join(f"{found[column]:8.3f}" for column in columns))
    print(f"{'mean':14}" + "".join(f"{mean(found[column] for found in results.values()):8.3f}" for column in columns))


if __name__ == "__main__":
    main()
