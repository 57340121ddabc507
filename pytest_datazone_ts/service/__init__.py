"""The fake Amazon DataZone: it knows no pytest, no client and no server."""
