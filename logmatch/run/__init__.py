"""Run: one job from its inputs to its outputs."""
