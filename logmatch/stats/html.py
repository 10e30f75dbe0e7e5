"""HTML: figures of a log as one page that needs no other file: no script, no image, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from logmatch.errors import printable
from logmatch.stats.report import Diff, Place, Report
from logmatch.stats.show import UNMATCHED, describe, describe_approximation, distinct, extent, headline
from logmatch.wording import count, share_of

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --bar: #2f6fdb; --page: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --bar: #5b9bff; --page: #0d1117; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 2rem auto;
  max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin-bottom: .2rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
p { margin: .3rem 0; } .soft { color: var(--soft); }
.scroll { overflow-x: auto; margin-top: .8rem; }
table { border-collapse: collapse; width: 100%; min-width: 50rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
svg { display: block; fill: var(--bar); } td svg { margin-top: .2rem; } .wide { width: 100%; }
"""

_Cell = tuple[str, str]
"""A class, and what stands in the cell as HTML."""


def page(report: Report) -> str:
    """The page for one log."""
    return _page("What the log holds", _report_body(report))


def diff_page(diff: Diff) -> str:
    """The page for two logs."""
    return _page("How the logs differ", _diff_body(diff))


def _page(title: str, body: Iterable[str]) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _report_body(report: Report) -> Iterator[str]:
    yield f'<p class="soft">{_text(", ".join(report.inputs))}</p>'
    yield f"<p>{_text(headline(report))}</p>"
    if report.rate.counts:
        yield f"<h2>Rate</h2>\n{_bars(report.rate.counts, 1200, 90, 'wide')}"
        yield f'<p class="soft">{_text(describe(report.rate))}; up to {max(report.rate.counts):,} lines</p>'
    heads = (
        *(("number", "lines"), ("number", "share"), ("", "rate"), ("", "template")),
        *(("", "first line"), ("", "last line")),
    )
    yield "<h2>Templates</h2>"
    yield _table(
        heads,
        (
            (
                ("number", f"{row.lines:,}"),
                ("number", share_of(row.share)),
                ("", _bars(row.rate, 120, 20)),
                ("", _name(row.template_id)),
                ("", _place(row.first)),
                ("", _place(row.last)),
            )
            for row in report.templates
        ),
    )
    yield "<h2>Fields</h2>"
    yield _table(
        (("", "field"), ("number", "values"), ("number", "distinct"), ("", "range"), ("", "most frequent")),
        (
            (
                ("", f"<code>{_text(row.name)}</code>"),
                ("number", f"{row.values:,}"),
                ("number", distinct(row)),
                ("", f"<code>{_text(extent(row))}</code>"),
                (
                    "",
                    "<br>".join(
                        f"<code>{_text(each.value) or '(empty)'}</code> "
                        f'<span class="soft">{each.lines:,}, {share_of(each.share)}</span>'
                        for each in row.most_frequent
                    ),
                ),
            )
            for row in report.fields
        ),
    )
    note = describe_approximation(report)
    if note is not None:
        yield f'<p class="soft">{_text(note)}</p>'
    if report.unused_templates:
        yield "<h2>Unused templates</h2>"
        yield f"<p>{', '.join(map(_name, report.unused_templates))}</p>"


def _diff_body(diff: Diff) -> Iterator[str]:
    for side, name, lines in (("before", diff.before, diff.lines_before), ("after", diff.after, diff.lines_after)):
        yield f"<p>{side}: <code>{_text(name)}</code>, {count(lines, 'line')}</p>"
    yield f"<p>Jensen-Shannon divergence: <strong>{diff.divergence:.4f} bits</strong></p>"
    yield '<p class="soft">0: the same shares, 1: no template in common.</p>'
    heads = (
        *(("number", "bits"), ("", ""), ("", "template"), ("", "change")),
        *(("number", "before"), ("number", "share"), ("number", "after"), ("number", "share")),
    )
    most = max((row.bits for row in diff.templates), default=0.0)
    yield _table(
        heads,
        (
            (
                ("number", f"{row.bits:.4f}"),
                ("", _bar(row.bits / most if most else 0.0)),
                ("", _name(row.template_id)),
                ("", row.change),
                ("number", f"{row.lines_before:,}"),
                ("number", share_of(row.share_before)),
                ("number", f"{row.lines_after:,}"),
                ("number", share_of(row.share_after)),
            )
            for row in diff.templates
        ),
    )


def _table(heads: Sequence[_Cell], rows: Iterable[Sequence[_Cell]]) -> str:
    head = "".join(f"<th{_class(name)}>{text}</th>" for name, text in heads)
    body = "\n".join(
        f"<tr>{''.join(f'<td{_class(name)}>{content}</td>' for name, content in row)}</tr>" for row in rows
    )
    return f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>'


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _name(template_id: str | None) -> str:
    return f"<code>{_text(template_id)}</code>" if template_id is not None else f"<em>{UNMATCHED}</em>"


def _place(place: Place) -> str:
    time = f'<br><span class="soft">{_text(place.time)}</span>' if place.time is not None else ""
    return f"{_text(str(place))}{time}"


def _bars(counts: Sequence[int], width: int, height: int, name: str = "") -> str:
    """A chart of *counts*, each a bar; *name* is a class."""
    most = max(counts, default=0)
    if not most:
        return ""
    bars = []
    for at, number in enumerate(counts):
        if number:
            tall = max(1.0, number / most * height)
            bars.append(f'<rect x="{at}" y="{height - tall:.1f}" width=".85" height="{tall:.1f}"/>')
    return (
        f'<svg{_class(name)} role="img" aria-label="lines by step" width="{width}" height="{height}" '
        f'style="max-width:100%" viewBox="0 0 {len(counts)} {height}" preserveAspectRatio="none">{"".join(bars)}</svg>'
    )


def _bar(share: float) -> str:
    return f'<svg width="100" height="12" viewBox="0 0 100 12"><rect width="{share * 100:.1f}" height="12"/></svg>'


def _text(text: str) -> str:
    """*text* as HTML, with nothing in it that a page could be broken or a reader be deceived with."""
    return escape(printable(text))
