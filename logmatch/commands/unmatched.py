"""Unmatched: the most frequent kinds of lines that a run could not match, explained; for `--explain-unmatched`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from logmatch.commands.manual import terminal_width
from logmatch.explain.explanation import Explainer, Explanation
from logmatch.explain.show import render
from logmatch.run.kinds import Kind
from logmatch.templates.template import Template
from logmatch.wording import count


def explain_kinds(templates: Sequence[Template], kinds: Sequence[Kind]) -> list[tuple[Kind, Explanation]]:
    """Each of *kinds* with the template that is nearest to its first line."""
    explainer = Explainer(templates)
    return [(kind, explainer.explain(kind.first, 1)) for kind in kinds]


def shown_kinds(explained: Sequence[tuple[Kind, Explanation]], unmatched: int) -> Iterator[str]:
    """What a person reads about *explained*, of *unmatched* lines in all."""
    for kind, explanation in explained:
        share = f"{kind.lines / max(1, unmatched):.1%}"
        yield render(explanation, f"{count(kind.lines, 'line')} like this ({share} of the unmatched)", terminal_width())


def kinds_as_json(explained: Sequence[tuple[Kind, Explanation]]) -> list[dict[str, object]]:
    """The same as JSON values: an explanation of the first line of each kind, and how many `lines` there are."""
    return [{"lines": kind.lines, **explanation.to_dict()} for kind, explanation in explained]
