-- What all members of a server spent, by its moment.
-- Why: an admin asks who used most and exports the changes. Both read the newest entries of one server, however long the
-- ledger is; sums are read from the index alone.

CREATE INDEX ledger_of_server ON ledger (server_id, counts_ms, member_id, kind, position, amount_tenths);
