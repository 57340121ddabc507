"""The fake Amazon DataZone, independent of pytest, clients and servers."""
