-- Quota rules by role, and rules with several windows.
-- Why: an admin could only say what everybody gets and what one member gets. A rule is one number of pictures in a rolling
-- window; a burst or a whole day's pictures within an hour could not be bounded. A role may have been deleted: what is
-- written of it harms nobody and can be removed.

-- hours NULL: the owner's window. hourly_tenths: at most so much in any hour; burst_tenths: in any ten minutes; NULL: unbounded.
CREATE TABLE role_quotas (
    server_id     INTEGER NOT NULL REFERENCES servers (server_id),
    role_id       INTEGER NOT NULL,
    quota_tenths  INTEGER NOT NULL CHECK (quota_tenths >= 0),
    hours         INTEGER CHECK (hours > 0),
    hourly_tenths INTEGER CHECK (hourly_tenths > 0),
    burst_tenths  INTEGER CHECK (burst_tenths > 0),
    PRIMARY KEY (server_id, role_id)
) STRICT, WITHOUT ROWID;

-- The same for a member's own rule and a server's default; they count only beside quota_tenths.
ALTER TABLE members ADD COLUMN quota_hours INTEGER CHECK (quota_hours > 0);
ALTER TABLE members ADD COLUMN quota_hourly_tenths INTEGER CHECK (quota_hourly_tenths > 0);
ALTER TABLE members ADD COLUMN quota_burst_tenths INTEGER CHECK (quota_burst_tenths > 0);
ALTER TABLE servers ADD COLUMN quota_hours INTEGER CHECK (quota_hours > 0);
ALTER TABLE servers ADD COLUMN quota_hourly_tenths INTEGER CHECK (quota_hourly_tenths > 0);
ALTER TABLE servers ADD COLUMN quota_burst_tenths INTEGER CHECK (quota_burst_tenths > 0);
