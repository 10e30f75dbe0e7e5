"""Input: names of files -> chunks of whole lines."""
