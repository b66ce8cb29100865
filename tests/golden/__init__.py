"""What people, files and databases have seen of kleinbot, and so must not change unnoticed.

Each JSON file in ``lists/`` is one list; the tests compare it with what the live program says. Whoever
changes one on purpose runs ``python -m tests.golden --write``, reads the difference and commits it with the
change.
``worlds/`` holds installations as earlier commits left them (``tests.golden.world``).

What the tests need of the product's modules is named in ``tests.golden.product`` alone.
"""
