"""Fuzzing of the whole engine: mutated packages must always get an answer, and the same one however they are written.

    python -m load.fuzz --documents 200000 --seed 1

`documents` makes a document from a seed and a number (from `trees`, `havoc` and `values`), `rewriting` writes one
differently without changing what it says, `checks` holds what must be true of the answers, `run` is the long form and
`guided` the coverage-guided one. docs/hardening.md tells how to use them.
"""
