"""
`python -m logmatch`, and where the command begins: a Ctrl-C while modules are loaded ends it quietly too.

What holds for the process and not for the command stands here: how Python's garbage collector behaves.
"""

from __future__ import annotations

import gc
from typing import NoReturn

MOST_NEW_OBJECTS = 1_000_000
"""
How many objects may be added before Python looks for cyclic garbage among them.

Its own 700 are reached over and over while modules and templates are loaded, where all objects stay: ten thousand
templates make some hundred thousand. Lines leave no cycles behind, however many there are (`tests/test_main.py`).
"""


def main() -> NoReturn:
    """Run the command line and leave the process with its status."""
    gc.set_threshold(MOST_NEW_OBJECTS)
    try:
        from logmatch.commands import app as cli

        cli.main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    finally:
        # Python would look for garbage among all that there is before it leaves; the process takes it along anyway.
        gc.freeze()


if __name__ == "__main__":
    main()
