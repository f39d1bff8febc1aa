-- The sweep that a run is a trial of; derived from the run's directory like the rest of the row.
ALTER TABLE runs ADD COLUMN sweep VARCHAR(64);
