"""Simulated merchants: generator, registry, sender, demo and benchmarks.

Nobody here exists: tax codes have the prefix 99, which no tax office has, personal IDs end in 000000. May import
everything; nothing imports it but `hoadon.cli` and tests.
"""
