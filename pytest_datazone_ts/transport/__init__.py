"""The ways into a double."""
