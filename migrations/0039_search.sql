-- Searching one's own results.
-- Why: a search read every prompt of a member, which takes longer the more they have drawn. Which words a prompt has is kept in
-- an index, which is filled page by page while the bot runs: nobody waits for it at the start.

-- Whether the job stands in the index.
ALTER TABLE jobs ADD COLUMN searched INTEGER NOT NULL DEFAULT 0 CHECK (searched IN (0, 1));

CREATE INDEX jobs_unsearched ON jobs (server_id, member_id, number)
    WHERE searched = 0 AND pictures > 0 AND ended_ms IS NOT NULL AND deleted_ms IS NULL;

-- The server's part of a row's number in the index; never given again.
ALTER TABLE servers ADD COLUMN search_no INTEGER;

-- A row: a job, by its number in its server and the server's own (job number * 2^20 + search_no). It has tokens that
-- store/search_text.py makes from the prompt, and no text of its own.
CREATE VIRTUAL TABLE search_tokens USING fts5 (tokens, content = '', detail = none, columnsize = 0, tokenize = 'ascii');
