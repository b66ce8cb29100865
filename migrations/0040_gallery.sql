-- Looking through the showcase.
-- Why: a page of the gallery reads a few rows of an index, however much is shared: of one author, and the best of a day.

CREATE INDEX publications_shown_of_member ON publications (server_id, member_id, publication_id) WHERE state = 'shown';
CREATE INDEX publications_by_day ON publications (server_id, made_ms / 86400000, votes, publication_id)
    WHERE state = 'shown';
