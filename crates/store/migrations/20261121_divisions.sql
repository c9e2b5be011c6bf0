CREATE TABLE division (
    id {id},
    code TEXT NOT NULL,
    mca_code TEXT,
    name TEXT NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('province', 'prefecture', 'county', 'township', 'village')),
    parent_id BIGINT REFERENCES division (id),
    -- the county it is or lies in; none above counties
    county_id BIGINT REFERENCES division (id),
    from_on DATE,
    until_on DATE,
    CHECK (from_on IS NULL OR until_on IS NULL OR from_on < until_on)
);
-- A code may come back for another place in a later year, but not twice at once.
CREATE UNIQUE INDEX division_code_now ON division (code) WHERE until_on IS NULL;
CREATE INDEX division_code ON division (code, from_on);
CREATE INDEX division_parent ON division (parent_id, code);

-- Every division with everything it lies in, itself included (depth 0).
CREATE TABLE division_closure (
    ancestor_id BIGINT NOT NULL REFERENCES division (id),
    descendant_id BIGINT NOT NULL REFERENCES division (id),
    depth INTEGER NOT NULL,
    PRIMARY KEY (ancestor_id, descendant_id)
);
CREATE INDEX division_closure_descendant ON division_closure (descendant_id, depth);
