"""What the double costs, beside the other ways to test the same call.

``python -m benchmarks`` runs every benchmark and prints one table, ``python -m benchmarks NAME...``
some of them. Each is a module with a function ``measure``.
"""
