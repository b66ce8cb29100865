"""A 22 MB Klein that draws coloured shapes: its checkpoint, and the scripts that train and judge it.

Only this module is needed at run time and packaged; ``training`` needs the ``test`` extra or a GPU.
"""

from pathlib import Path

CHECKPOINT = Path(__file__).with_name("checkpoint")
"""An ordinary diffusers checkout: Flux2KleinPipeline's classes, Apache-2.0."""
