"""The catalogue of compliance rules: dated declarations, each with a predicate over the columns of a batch.

Pure: no I/O, no clock, no settings. May import invoice_schema and identity.
"""
