-- Servers that removed the bot, and whether people were still in a server when Discord was last asked.
-- Why: what a server that is gone for 30 days holds is deleted, after Discord was asked, page by page; and what a member
-- who left has marked keeps no old picture any more. Both must survive a process that ends in between.

-- left_ms: when it was found left; pictures: what it held then. gone_ms: when Discord said so, and the deletion began.
-- done_ms: when nothing of its members was left. A server that is back has no row.
CREATE TABLE left_servers (
    server_id INTEGER PRIMARY KEY REFERENCES servers (server_id),
    left_ms   INTEGER NOT NULL,
    pictures  INTEGER NOT NULL,
    gone_ms   INTEGER,
    done_ms   INTEGER
) STRICT;

-- When Discord was last asked whether somebody is in a server. They may have no row of members: marking makes none.
CREATE TABLE member_look_ups (
    server_id INTEGER NOT NULL,
    member_id INTEGER NOT NULL,
    asked_ms  INTEGER NOT NULL,
    PRIMARY KEY (server_id, member_id)
) STRICT;

CREATE INDEX removals_of_server ON removals (server_id);

-- Spendings of a server that is gone count no more.
DROP TRIGGER ledger_is_not_erased;
CREATE TRIGGER ledger_is_not_erased BEFORE DELETE ON ledger
WHEN NOT EXISTS (SELECT 1 FROM erasures e WHERE e.member_id = OLD.member_id AND e.state = 'waits'
                 AND OLD.entry_id <= e.last_entry_id)
  AND NOT EXISTS (SELECT 1 FROM left_servers l WHERE l.server_id = OLD.server_id AND l.gone_ms IS NOT NULL)
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
