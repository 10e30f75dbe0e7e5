"""`python -m logmatch.samples DIRECTORY` writes the sample logs and their templates to a directory."""

from __future__ import annotations

import sys
from pathlib import Path

from logmatch.samples import write_sample_logs

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.stderr.write("usage: python -m logmatch.samples DIRECTORY\n")
        sys.exit(2)
    write_sample_logs(Path(sys.argv[1]))
