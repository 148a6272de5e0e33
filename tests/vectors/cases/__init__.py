"""The cases, by family of rules."""
