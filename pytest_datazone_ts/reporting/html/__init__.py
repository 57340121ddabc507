"""The HTML report: what a run posted, on one page.

``run`` has the pytest hooks, ``record`` what the doubles of one test did, as JSON that travels
between processes, ``results`` the outcomes of the tests, and ``page`` and ``chart`` the HTML.
"""
