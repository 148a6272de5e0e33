"""Tax codes and personal IDs: their forms, canonical values, masks, pseudonyms and sealing; the registry.

Pure but for the keys handed to it. May import invoice_schema only.
"""
