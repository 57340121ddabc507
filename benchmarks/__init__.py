"""What the double costs: each module prints a table; run it with ``python -m``."""
