-- A server's styles: words before and after a prompt, under a name that members choose.
-- Why in the job as well: an edited or removed style must not change how an old picture was made.

-- key: the name with case and width folded, by which it is found.
CREATE TABLE styles (
    server_id INTEGER NOT NULL REFERENCES servers (server_id),
    key       TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    before    TEXT    NOT NULL,
    after     TEXT    NOT NULL,
    PRIMARY KEY (server_id, key)
) STRICT, WITHOUT ROWID;

-- NULL: without a style. The job's prompt contains the words, since that is what the model reads.
ALTER TABLE jobs ADD COLUMN style_name TEXT;
ALTER TABLE jobs ADD COLUMN style_before TEXT;
ALTER TABLE jobs ADD COLUMN style_after TEXT;
