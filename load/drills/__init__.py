"""Durability drills: faults on a running instance under load, and exact book-keeping of what became of every package.

`python -m load.drills` (or `hoadon load drills`) for faults, `python -m load.drills.rebalances` for rebalances of the
consumer group; docs/drills.md tells what each does and what they gave.
"""
