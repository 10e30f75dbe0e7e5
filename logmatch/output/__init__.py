"""Output: matches -> records -> files."""
