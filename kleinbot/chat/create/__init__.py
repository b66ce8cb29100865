"""Making images from images: edits, variations and rerolls, by command, button, modal or menu."""
