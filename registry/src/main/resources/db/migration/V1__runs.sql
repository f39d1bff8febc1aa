-- What is known of training runs. Everything here is derived from the runs' directories and can be
-- deleted: the next owner imports it again. Portable between H2 and PostgreSQL.
CREATE TABLE runs (
  id                VARCHAR(64)      NOT NULL PRIMARY KEY,
  model             VARCHAR(255)     NOT NULL,
  base              VARCHAR(255)     NOT NULL,
  base_sha256       VARCHAR(64)      NOT NULL,
  dataset           VARCHAR(255)     NOT NULL,
  recipe            TEXT             NOT NULL,
  created_at        TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  state             VARCHAR(16)      NOT NULL,
  error             TEXT,
  peak_rss_mib      BIGINT,
  -- folded from the journal
  seq               BIGINT           NOT NULL,
  journal_position  VARCHAR(128)     NOT NULL,
  started_seq       BIGINT           NOT NULL,
  ended_seq         BIGINT           NOT NULL,
  ended_state       VARCHAR(16),
  ended_error       TEXT,
  step              BIGINT           NOT NULL,
  steps             BIGINT,
  tokens            BIGINT           NOT NULL,
  label_tokens      BIGINT           NOT NULL,
  seconds           DOUBLE PRECISION NOT NULL,
  loss              DOUBLE PRECISION,
  eval_loss         DOUBLE PRECISION,
  eval_loss_before  DOUBLE PRECISION,
  adapter_sha256    VARCHAR(64),
  inexact           BOOLEAN          NOT NULL,
  updated_at        TIMESTAMP(6) WITH TIME ZONE NOT NULL
);

-- One number a step and name; a step that a resumed run repeats replaces the earlier one.
CREATE TABLE run_metrics (
  run_id   VARCHAR(64)      NOT NULL,
  name     VARCHAR(64)      NOT NULL,
  step     BIGINT           NOT NULL,
  seq      BIGINT           NOT NULL,
  reading  DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (run_id, name, step)
);

-- Everything in a journal that is no number a step: started, checkpoint, event, sample, ended.
CREATE TABLE run_events (
  run_id   VARCHAR(64)      NOT NULL,
  seq      BIGINT           NOT NULL,
  at       TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  type     VARCHAR(32)      NOT NULL,
  step     BIGINT,
  fields   TEXT             NOT NULL,
  PRIMARY KEY (run_id, seq)
);
