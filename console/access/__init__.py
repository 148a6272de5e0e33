"""Who looks: local accounts, sign-in by OpenID Connect, sessions, and the gate that every request passes."""
