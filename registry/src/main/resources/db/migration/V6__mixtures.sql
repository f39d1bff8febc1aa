-- What a model version was trained on where that was a mixture of datasets: JSON [{dataset, id, weight}]; null for one.
-- Where several datasets are named, names and curves are longer.
ALTER TABLE model_versions ADD COLUMN mixture TEXT;
ALTER TABLE model_versions ALTER COLUMN dataset SET DATA TYPE VARCHAR(4000);
ALTER TABLE runs ALTER COLUMN dataset SET DATA TYPE VARCHAR(4000);
ALTER TABLE run_metrics ALTER COLUMN name SET DATA TYPE VARCHAR(128);
