"""CSV: tables as lines of values with commas between them, in one file or in a file for each template."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from logmatch.output.record_options import RecordOptions
from logmatch.output.table import Schema, Tables, schema_of
from logmatch.output.table_format import TableFormat, make_directory
from logmatch.output.text_rows import CSV, TextForm
from logmatch.program import Program

if TYPE_CHECKING:
    from logmatch.interrupt import Interrupt
    from logmatch.output.format import OpenOutput


@dataclass(frozen=True)
class SeparatedText(TableFormat):
    """A format of lines of values; see `format.OutputFormat`."""

    form: TextForm = CSV

    @property
    def name(self) -> str:
        """See `OutputFormat`."""
        return "tsv" if self.form.is_escaped else "csv"

    def check(self, path: str) -> None:
        """See `TableFormat.check`: text may go anywhere."""

    def schema(self, program: Program, options: RecordOptions) -> Schema:
        """See `TableFormat.schema`: every field is text."""
        return schema_of(program, options, replace(self.options, all_text=True))

    def open_output(
        self, path: str, interrupt: Interrupt, program: Program, options: RecordOptions, *, line_buffered: bool = False
    ) -> OpenOutput:
        """See `OutputFormat.open_output`."""
        schema = self.schema(program, options)
        if self.options.tables is Tables.TEMPLATE:
            from logmatch.output.text_tables import TextTables

            make_directory(path, self.options.tables)
            return TextTables(path, schema, self.files(path, program), self.form, interrupt)
        from logmatch.output.text_output import open_text_output

        output = open_text_output(path, interrupt, line_buffered=line_buffered, has_quotes=not self.form.is_escaped)
        try:
            output.write(self.form.header(schema.tables[0]))
        except BaseException as error:
            output.__exit__(type(error), error, None)
            raise
        return output


FORMAT = SeparatedText()
