"""Everything of kleinbot that people, files and databases depend on, and that must not change unnoticed.

Each JSON file in ``lists/`` is one list; the tests compare it with the values of the live program. Whoever
changes one on purpose runs ``python -m tests.golden --write``, reads the difference and commits it with the
change. ``worlds/`` contains installations as earlier commits left them (``tests.golden.world``).

Only ``tests.golden.product`` names the product's modules.
"""
