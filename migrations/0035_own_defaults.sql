-- What a member's commands do where an option is left out, and whether a direct message tells them that a result is there.
-- NULL: they have not chosen.

ALTER TABLE member_settings ADD COLUMN aspect TEXT;
ALTER TABLE member_settings ADD COLUMN count INTEGER CHECK (count BETWEEN 1 AND 4);
ALTER TABLE member_settings ADD COLUMN private INTEGER CHECK (private IN (0, 1));
ALTER TABLE member_settings ADD COLUMN tell_done INTEGER CHECK (tell_done IN (0, 1));
