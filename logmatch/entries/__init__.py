"""Entries: log lines that are not simply one line of the input each: unwrapped from envelopes, or joined of several."""
