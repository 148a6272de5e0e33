"""One module per page: its routes, its parameters, its parts. No SQL here."""
