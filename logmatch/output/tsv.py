"""TSV: as CSV, with tabs between values and escapes in place of quotes."""

from __future__ import annotations

from logmatch.output.csv import SeparatedText
from logmatch.output.text_rows import TSV

FORMAT = SeparatedText(form=TSV)
