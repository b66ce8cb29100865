-- What a picture was made from, and buttons that are pressed ten times.
-- Why: a result says whose picture it came from; a variation that waits must know after a restart how far to
-- go and whether an input picture is looked at or begun with; one button pressed again at once means the
-- same press, also for another process.

-- The parent may be erased with its member's data: what was made from it stays.
ALTER TABLE jobs ADD COLUMN parent_job TEXT REFERENCES jobs (job_id) ON DELETE SET NULL;
ALTER TABLE jobs ADD COLUMN parent_position INTEGER;
ALTER TABLE jobs ADD COLUMN strength TEXT CHECK (strength IN ('subtle', 'medium', 'strong'));

CREATE INDEX jobs_of_parent ON jobs (parent_job) WHERE parent_job IS NOT NULL;

-- role: 'reference' is what the transformer looks at, 'start' is what denoising begins with.
ALTER TABLE job_references ADD COLUMN role TEXT NOT NULL DEFAULT 'reference' CHECK (role IN ('reference', 'start'));

-- The last accepted press of each button of each message by each member; forgotten after a day.
CREATE TABLE presses (
    server_id  INTEGER NOT NULL,
    member_id  INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    custom_id  TEXT    NOT NULL,
    pressed_ms INTEGER NOT NULL,
    job_id     TEXT    NOT NULL REFERENCES jobs (job_id) ON DELETE CASCADE,
    PRIMARY KEY (message_id, custom_id, member_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX presses_by_age ON presses (pressed_ms);
CREATE INDEX presses_of_job ON presses (job_id);
