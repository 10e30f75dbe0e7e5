"""`python -m logmatch`, and where the command begins: a Ctrl-C while modules are loaded ends it quietly too."""

from __future__ import annotations

from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and leave the process with its status."""
    try:
        from logmatch import cli

        cli.main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
