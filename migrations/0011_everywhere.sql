-- What one person spends over all servers.
-- Why: a quota counts in one server, so anybody would else get as many pictures as they have servers. What was
-- spent is summed for a person at each request; resets are left out, since a server's admin makes them.

CREATE INDEX ledger_of_person ON ledger (member_id, counts_ms, server_id, amount_tenths)
    WHERE kind IN ('reserve', 'refund') AND job_id IS NOT NULL;
