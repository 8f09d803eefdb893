"""asyncwise finds async-correctness bugs in Python, across the files of a whole project.

The package holds a program and no library: run ``asyncwise`` or ``python -m asyncwise``.
"""
