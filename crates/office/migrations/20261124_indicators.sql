-- Indicators of the packs (office::indicators): what lies where, by month. A month that is over is not written again.
CREATE TABLE indicator_month (
    indicator TEXT NOT NULL,
    month INTEGER NOT NULL,
    -- The day whose state it shows, and the packs that said what is counted.
    reckoned_on DATE NOT NULL,
    release_hash TEXT NOT NULL,
    PRIMARY KEY (indicator, month)
);

-- Only divisions in which something lies; a figure of a division adds up those at and below it. In ten-thousandths.
CREATE TABLE indicator_value (
    indicator TEXT NOT NULL,
    month INTEGER NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    part BIGINT NOT NULL,
    whole BIGINT NOT NULL,
    -- Records of which it is not known whether or how much they count.
    unknown BIGINT NOT NULL,
    PRIMARY KEY (indicator, month, division_id)
);
CREATE INDEX indicator_value_by_month ON indicator_value (month, division_id);
