-- What a waiting message says of its job, so that it still says it after a restart.

-- Why the job is in the relaxed lane; NULL: it is not, or it was accepted before this column.
ALTER TABLE jobs ADD COLUMN unhurried TEXT CHECK (unhurried IN ('share', 'late'));

-- What was left of the member's quota once this job was paid, in tenths; NULL: accepted before this column.
ALTER TABLE jobs ADD COLUMN left_tenths INTEGER;
