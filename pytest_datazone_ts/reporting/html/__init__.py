"""The HTML report: what a run posted, on one page.

``run`` has the pytest hooks, ``record`` what one test did, as JSON that travels between processes,
and ``page`` makes a page of it with the templates.
"""
