"""The merchants' HTTP edge: takes packages into the broker, answers what became of them, judges nothing itself.

A POST walks through `edge` → `app` (routes) → `packages` → `bodies` → `publisher` → `producer`; a GET through
`answers` → `lookups` → `storage.queries`. May import the pure packages, `streams.wire`, `storage` and `hoadon.common`.
"""
