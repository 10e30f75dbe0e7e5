"""Templates: what people write of the lines of a log, as text and as values."""
