"""The transports: how requests reach a double, in process and over HTTP."""
