"""Cashless payments: the formats they come in, read into one form. Pure; nothing is fetched, nothing is logged."""
