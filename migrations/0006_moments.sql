-- The moment at which a spending counts may be brought forward.
-- Why: what a clock that was ahead has stamped would count as spent until that date and a window more. Nothing
-- else of an entry ever changes: made_ms keeps what the clock said, so what was moved can be told.

DROP TRIGGER ledger_is_not_changed;

CREATE TRIGGER ledger_is_not_changed BEFORE UPDATE ON ledger
WHEN NEW.counts_ms >= OLD.counts_ms
  OR (NEW.entry_id, NEW.server_id, NEW.member_id, NEW.job_id, NEW.position, NEW.grant_id, NEW.kind,
      NEW.amount_tenths, NEW.made_ms, NEW.reason, NEW.made_by)
  IS NOT (OLD.entry_id, OLD.server_id, OLD.member_id, OLD.job_id, OLD.position, OLD.grant_id, OLD.kind,
      OLD.amount_tenths, OLD.made_ms, OLD.reason, OLD.made_by)
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
