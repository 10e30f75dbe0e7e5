"""`python -m logmatch` is `logmatch`."""

from logmatch.cli import main

main()
