"""Commands: what was typed -> calls of the library, and what a terminal shows."""
