"""The native engine: one tree over all variants, run by a compiled kernel."""
