"""Explain: a line and templates -> why it matched, or which templates are nearest and where they stopped."""
