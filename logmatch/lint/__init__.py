"""Lint: what is wrong with templates."""
