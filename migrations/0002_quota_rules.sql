-- Grants, resets, what the host allows a server, and who decided what.
-- Why: the ledger must hold every change of a quota, and admins and the host get the means to change it.
-- The ledger is rebuilt, since SQLite cannot change a CHECK; its rows are copied as they are.

-- What one member of the server may be given at most, as a limit and as unspent grants; NULL: the host's default.
ALTER TABLE servers ADD COLUMN most_tenths INTEGER CHECK (most_tenths >= 0);

-- What is left of a grant is the sum of its ledger entries, and nothing from expires_ms on.
CREATE TABLE grants (
    grant_id      INTEGER PRIMARY KEY,
    server_id     INTEGER NOT NULL,
    member_id     INTEGER NOT NULL,
    amount_tenths INTEGER NOT NULL CHECK (amount_tenths > 0),
    expires_ms    INTEGER NOT NULL,
    reason        TEXT    NOT NULL,
    granted_by    INTEGER NOT NULL,
    made_ms       INTEGER NOT NULL,
    FOREIGN KEY (server_id, member_id) REFERENCES members (server_id, member_id),
    CHECK (expires_ms > made_ms)
) STRICT;

CREATE INDEX grants_of_member ON grants (server_id, member_id, expires_ms);

-- Append-only. grant_id says which pot an entry moves: a grant, or where it is NULL the rolling allowance.
-- Of the allowance count the entries whose counts_ms lies in the window; counts_ms is the moment of the
-- reservation, so that a refund and a reset leave the window together with what they give back. Each image is
-- reserved once (one entry per pot) and then settled or refunded once.
CREATE TABLE new_ledger (
    entry_id      INTEGER PRIMARY KEY,
    server_id     INTEGER NOT NULL,
    member_id     INTEGER NOT NULL,
    job_id        TEXT    REFERENCES jobs (job_id),
    position      INTEGER,
    grant_id      INTEGER REFERENCES grants (grant_id),
    kind          TEXT    NOT NULL
                  CHECK (kind IN ('reserve', 'settle', 'refund', 'grant', 'expire', 'reset')),
    amount_tenths INTEGER NOT NULL,
    counts_ms     INTEGER NOT NULL,
    made_ms       INTEGER NOT NULL,
    reason        TEXT    NOT NULL DEFAULT '',
    made_by       INTEGER,
    FOREIGN KEY (server_id, member_id) REFERENCES members (server_id, member_id),
    CHECK ((kind = 'reserve' AND amount_tenths <= 0)
        OR (kind = 'refund' AND amount_tenths >= 0)
        OR (kind = 'settle' AND amount_tenths = 0)
        OR (kind = 'grant' AND amount_tenths > 0 AND grant_id IS NOT NULL)
        OR (kind = 'expire' AND amount_tenths < 0 AND grant_id IS NOT NULL)
        OR (kind = 'reset' AND amount_tenths > 0 AND grant_id IS NULL))
) STRICT;

INSERT INTO new_ledger (entry_id, server_id, member_id, job_id, position, kind, amount_tenths, counts_ms,
                        made_ms, reason)
SELECT entry_id, server_id, member_id, job_id, position, kind, amount_tenths, counts_ms, made_ms, reason
FROM ledger ORDER BY entry_id;

DROP TABLE ledger;
ALTER TABLE new_ledger RENAME TO ledger;

CREATE UNIQUE INDEX ledger_reserved_once ON ledger (job_id, position, COALESCE(grant_id, 0))
    WHERE kind = 'reserve';
CREATE UNIQUE INDEX ledger_ended_once ON ledger (job_id, position, COALESCE(grant_id, 0))
    WHERE kind IN ('settle', 'refund');
CREATE UNIQUE INDEX ledger_granted_once ON ledger (grant_id) WHERE kind = 'grant';
CREATE INDEX ledger_of_member ON ledger (server_id, member_id, counts_ms);
CREATE INDEX ledger_of_grant ON ledger (grant_id) WHERE grant_id IS NOT NULL;

CREATE TRIGGER ledger_is_not_changed BEFORE UPDATE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TRIGGER ledger_is_not_erased BEFORE DELETE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

-- What an admin or the host changed. server_id NULL: the whole bot. details: a JSON object of what was chosen.
CREATE TABLE audit (
    audit_id  INTEGER PRIMARY KEY,
    server_id INTEGER,
    actor_id  INTEGER NOT NULL,
    action    TEXT    NOT NULL,
    member_id INTEGER,
    details   TEXT    NOT NULL DEFAULT '{}',
    made_ms   INTEGER NOT NULL
) STRICT;

CREATE INDEX audit_of_server ON audit (server_id, audit_id);

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;

CREATE TRIGGER audit_is_not_erased BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;
