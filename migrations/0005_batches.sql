-- What the line knows that must survive a restart.
-- Why: an image is charged in line by seconds measured on this host, and given back exactly that, also by another
-- process; measuring again after each start would make the first expected times wrong.

-- What each image of the job was charged in line, in pictures; NULL: its static cost, as before this column.
ALTER TABLE jobs ADD COLUMN cost REAL CHECK (cost > 0);

-- The running mean of what a batch of one shape takes. input_grids: the references' grids, a JSON list of
-- [columns, rows]. profile: figures of one way to run the model mean nothing to another.
CREATE TABLE measured_seconds (
    profile     TEXT    NOT NULL,
    columns     INTEGER NOT NULL CHECK (columns > 0),
    rows        INTEGER NOT NULL CHECK (rows > 0),
    steps       INTEGER NOT NULL CHECK (steps > 0),
    checkpoint  TEXT    NOT NULL CHECK (checkpoint IN ('distilled', 'base')),
    input_grids TEXT    NOT NULL,
    first_sigma REAL    NOT NULL,
    batch       INTEGER NOT NULL CHECK (batch > 0),
    seconds     REAL    NOT NULL CHECK (seconds > 0),
    PRIMARY KEY (profile, columns, rows, steps, checkpoint, input_grids, first_sigma, batch)
) STRICT, WITHOUT ROWID;

CREATE INDEX attempts_lost ON attempts (job_id, position) WHERE outcome = 'lost';
