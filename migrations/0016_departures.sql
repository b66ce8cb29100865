-- Since when a server is known to have removed the bot; NULL: it has not.
-- Why: what was ordered there is given back after an hour, and the hour must not begin anew with each restart.

ALTER TABLE servers ADD COLUMN left_ms INTEGER;
