-- What was asked and what answered it, a row a request and target; content is not kept here.
CREATE TABLE requests (
  id                VARCHAR(64)      NOT NULL PRIMARY KEY,  -- the answer's id, which feedback names
  at                TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  asked             VARCHAR(255)     NOT NULL,              -- the model as the client named it
  target            VARCHAR(255)     NOT NULL,              -- what answered: support@3, a base, provider:model
  alias             VARCHAR(64),
  version           VARCHAR(255),
  run_id            VARCHAR(64),
  dataset           VARCHAR(255),
  base              VARCHAR(255),
  experiment        VARCHAR(64),
  phase             INTEGER,
  arm               INTEGER,
  subject           VARCHAR(64),                            -- a hash of it
  streamed          BOOLEAN          NOT NULL,
  status            INTEGER          NOT NULL,
  error             TEXT,
  first_byte_ms     DOUBLE PRECISION,
  latency_ms        DOUBLE PRECISION NOT NULL,
  prompt_tokens     INTEGER,
  completion_tokens INTEGER,
  cost              DOUBLE PRECISION
);
CREATE INDEX requests_by_experiment ON requests (experiment, arm);
CREATE INDEX requests_by_time ON requests (at);

CREATE TABLE experiments (
  id         VARCHAR(64)  NOT NULL PRIMARY KEY,
  state      VARCHAR(16)  NOT NULL,
  phase      INTEGER      NOT NULL,
  arms       TEXT         NOT NULL,   -- JSON: [{target, weight}]
  started_at TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  ended_at   TIMESTAMP(6) WITH TIME ZONE
);

-- Feedback is durable before it is acknowledged, requests only a moment later: so a row carries what its answer was.
CREATE TABLE feedback (
  id         VARCHAR(64)      NOT NULL PRIMARY KEY,
  at         TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  request_id VARCHAR(64)      NOT NULL,
  reward     DOUBLE PRECISION NOT NULL,
  kind       VARCHAR(16)      NOT NULL,
  note       TEXT,
  target     VARCHAR(255)     NOT NULL,
  experiment VARCHAR(64),
  phase      INTEGER,
  arm        INTEGER,
  subject    VARCHAR(64)
);
CREATE INDEX feedback_by_experiment ON feedback (experiment, arm);
CREATE INDEX feedback_by_request ON feedback (request_id);
