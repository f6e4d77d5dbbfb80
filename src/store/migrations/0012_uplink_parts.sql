-- Parts that a parent of another kind has taken of batches that are not yet taken whole. Empty when all is well.
CREATE TABLE uplink_parts (
    batch  uuid        NOT NULL,
    random uuid        NOT NULL,  -- of the part's request: derived from the batch and the part's content
    at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (batch, random)
);
