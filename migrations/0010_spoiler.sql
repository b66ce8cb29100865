-- Whether a result is shown as a spoiler, since it was made from one: so are what is made from it and what is
-- shown of it again.
ALTER TABLE jobs ADD COLUMN spoiler INTEGER NOT NULL DEFAULT 0 CHECK (spoiler IN (0, 1));
