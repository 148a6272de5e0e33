"""Settings, metrics, clock, logging and errors that every service shares.

Imports nothing of ours. The pure packages (invoice_schema, identity, rules) do not import it.
"""
