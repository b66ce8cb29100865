-- Deliveries in lanes, one for each channel, with an end for those that cannot be made.
-- Why: rows were read all at once, so that a slow channel held up the others and a full outbox was read anew
-- after each delivery; and a row that nothing can deliver was tried for ever. channel_id is known from the
-- start now, and is the lane. refused counts the attempts that Discord answered, or that failed before it was
-- asked; attempts counts those it never heard of too.

ALTER TABLE outbox ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;

UPDATE outbox SET channel_id = (SELECT channel_id FROM jobs WHERE jobs.job_id = outbox.job_id)
WHERE state IN ('pending', 'posting', 'kept');

CREATE INDEX outbox_lanes ON outbox (channel_id, due_ms) WHERE state IN ('pending', 'posting');
DROP INDEX outbox_kept_for;
CREATE INDEX outbox_kept_for ON outbox (server_id, member_id, attempts, outbox_id) WHERE state = 'kept';
