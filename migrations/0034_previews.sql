-- Whether a member is shown what a picture becomes while it is drawn; NULL: they have not chosen, and are shown it.

ALTER TABLE member_settings ADD COLUMN previews INTEGER CHECK (previews IN (0, 1));
