-- What a member's own cancellation cost where a picture of the job was being drawn.
-- Why: the first in an hour is free and from the second on what was used counts, also over a restart.

-- NULL: not cancelled so, or before this column. Else what counts of it, in tenths of a picture.
ALTER TABLE jobs ADD COLUMN used_tenths INTEGER CHECK (used_tenths >= 0);

-- A person's in all servers: they have one card.
CREATE INDEX jobs_cancelled_late ON jobs (member_id, ended_ms) WHERE used_tenths IS NOT NULL;
