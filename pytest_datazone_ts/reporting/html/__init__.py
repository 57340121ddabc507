"""The HTML report: what a run posted, as one page.

``run``: the hooks that collect it. ``record``: what the doubles of one test did, as JSON that
travels between processes. ``results``: the tests and how they ended. ``page`` and ``chart``: how
all of it is shown.
"""
