-- One fair order for all: what the relaxed lane served is charged to the same tags. Whoever was ahead there by so
-- much is so much further ahead from now on.
CREATE TABLE tags_of_one_order (
    server_id INTEGER NOT NULL,
    member_id INTEGER NOT NULL,
    finish    INTEGER NOT NULL,
    virtual   INTEGER NOT NULL,
    PRIMARY KEY (server_id, member_id)
) STRICT, WITHOUT ROWID;

-- The virtual times: a row's own, which is the one that its members or servers are ahead of.
INSERT INTO tags_of_one_order (server_id, member_id, finish, virtual)
SELECT server_id, 0, 0, 0 FROM queue_tags WHERE member_id = 0 GROUP BY server_id;

UPDATE tags_of_one_order SET virtual = coalesce(
    (SELECT virtual FROM queue_tags AS old
     WHERE old.lane = 'token' AND old.server_id = tags_of_one_order.server_id AND old.member_id = 0), 0);

-- Of a server the virtual time above it is the line's (server 0), of a member its server's.
INSERT OR REPLACE INTO tags_of_one_order (server_id, member_id, finish, virtual)
SELECT
    own.server_id,
    own.member_id,
    above.virtual + sum(max(0, old.finish - coalesce(old_above.virtual, 0))),
    CASE WHEN own.member_id = 0 THEN own_virtual.virtual ELSE 0 END
FROM (SELECT DISTINCT server_id, member_id FROM queue_tags WHERE server_id <> 0) AS own
JOIN queue_tags AS old ON old.server_id = own.server_id AND old.member_id = own.member_id
LEFT JOIN queue_tags AS old_above
    ON old_above.lane = old.lane AND old_above.member_id = 0
    AND old_above.server_id = CASE WHEN own.member_id = 0 THEN 0 ELSE own.server_id END
JOIN tags_of_one_order AS above
    ON above.member_id = 0 AND above.server_id = CASE WHEN own.member_id = 0 THEN 0 ELSE own.server_id END
JOIN tags_of_one_order AS own_virtual ON own_virtual.member_id = 0 AND own_virtual.server_id = own.server_id
GROUP BY own.server_id, own.member_id;

DROP TABLE queue_tags;
ALTER TABLE tags_of_one_order RENAME TO queue_tags;
