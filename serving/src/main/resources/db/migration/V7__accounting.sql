-- What an answer cost, exactly, and on whose key.
ALTER TABLE requests ALTER COLUMN cost SET DATA TYPE DECIMAL(24, 12);  -- USD; null when nobody knows
ALTER TABLE requests ADD COLUMN provider VARCHAR(64);                  -- null for a local target
ALTER TABLE requests ADD COLUMN key_name VARCHAR(64);
ALTER TABLE requests ADD COLUMN cached_tokens INTEGER;                 -- of prompt_tokens
ALTER TABLE requests ADD COLUMN held DECIMAL(24, 12);                  -- what budgets count where cost is null
UPDATE requests SET provider = SUBSTRING(target, 1, POSITION(':' IN target) - 1)
  WHERE base IS NULL AND POSITION(':' IN target) BETWEEN 2 AND 64;
CREATE INDEX requests_by_key ON requests (key_name, at);

-- What is held in a key's budget for an answer under way; it goes in the transaction in which the answer's row comes.
CREATE TABLE request_holds (
  id       VARCHAR(64)    NOT NULL PRIMARY KEY,
  at       TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  server   VARCHAR(36)    NOT NULL,   -- the process that asks
  key_name VARCHAR(64)    NOT NULL,
  asked    VARCHAR(255)   NOT NULL,
  target   VARCHAR(255)   NOT NULL,
  provider VARCHAR(64),
  amount   DECIMAL(24, 12) NOT NULL
);

-- The sums of requests whose rows were pruned, by UTC's day; a row of requests is either there or in here.
CREATE TABLE request_days (
  on_day            DATE         NOT NULL,
  asked             VARCHAR(255) NOT NULL,
  target            VARCHAR(255) NOT NULL,
  provider          VARCHAR(64),
  key_name          VARCHAR(64),
  requests          BIGINT       NOT NULL,
  errors            BIGINT       NOT NULL,
  unpriced          BIGINT       NOT NULL,   -- answers whose cost nobody knows
  prompt_tokens     BIGINT       NOT NULL,
  cached_tokens     BIGINT       NOT NULL,
  completion_tokens BIGINT       NOT NULL,
  cost              DECIMAL(24, 12) NOT NULL,
  charged           DECIMAL(24, 12) NOT NULL -- what budgets count
);
CREATE INDEX request_days_by_day ON request_days (on_day);
