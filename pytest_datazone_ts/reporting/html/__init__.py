"""The HTML report: what a run posted, on one page.

``run`` has the pytest hooks, ``record`` describes one test as JSON that processes can exchange, and
``page`` renders the page from the templates.
"""
