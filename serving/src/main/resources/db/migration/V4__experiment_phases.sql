-- Every time an experiment's weights were set, the first included; rows are never changed.
CREATE TABLE experiment_phases (
  experiment VARCHAR(64)  NOT NULL,
  phase      INTEGER      NOT NULL,
  arms       TEXT         NOT NULL,   -- JSON: [{target, weight}]
  started_at TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  PRIMARY KEY (experiment, phase)
);
