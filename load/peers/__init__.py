"""Other consumers doing the work of hoadon's worker, on the same topic, documents, tables and machine."""
