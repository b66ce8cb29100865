"""Keeps the garbage collector from pausing all threads.

The objects that a start imports and builds, half a million of them, live until the process ends. Each full
collection over them pauses every thread, including the event loop: 0.30 s where this was measured (Python
3.11, 518,000 objects), and a few microseconds once they are frozen.
"""

import gc


def freeze() -> None:
    """Exclude all objects that exist now from collection; only newer ones are still examined."""
    gc.collect()
    gc.freeze()


def unfreeze() -> None:
    """Undo ``freeze``, so that objects that have become garbage since can be freed."""
    gc.unfreeze()
