-- The version of the dataset that a batch was held against here, and the places of its records that this tier's rules refused
-- (from 0; null: none): it was committed without them, and its failure brings them back. And the places of
-- those that the entering node refused, of a dataset that takes the good records of a batch alone; and which records were applied
-- later than the rest, when, and by which version of the dataset.
ALTER TABLE batches
    ADD COLUMN dataset_version text NOT NULL DEFAULT '',
    ADD COLUMN unapplied       json,
    ADD COLUMN refused         json,
    ADD COLUMN late            json;
ALTER TABLE batches ALTER COLUMN dataset_version DROP DEFAULT;
