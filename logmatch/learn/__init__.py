"""Learn: templates out of raw lines that nobody has templates for (`learn.learner` is where to begin)."""
