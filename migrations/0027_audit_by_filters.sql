-- Indices by which the audit of a server is read: by action, by member and action, and from a moment on.
-- Why: an admin who asks what was done to one member, or who banned anybody, must not walk everything that was ever changed.

CREATE INDEX audit_by_action ON audit (server_id, action);
CREATE INDEX audit_by_member_and_action ON audit (member_id, server_id, action) WHERE member_id IS NOT NULL;
CREATE INDEX audit_by_time ON audit (server_id, made_ms);
