-- A visit to an office's window that a person has booked. Half a day has as many places as the office says; nobody holds a place twice.
CREATE TABLE booking (
    id {id},
    person_id BIGINT NOT NULL REFERENCES person (id),
    division_id BIGINT NOT NULL REFERENCES division (id),
    item TEXT,
    day DATE NOT NULL,
    half TEXT NOT NULL CHECK (half IN ('morning', 'afternoon')),
    place BIGINT NOT NULL CHECK (place > 0),
    state TEXT NOT NULL CHECK (state IN ('booked', 'came', 'missed', 'cancelled')),
    made_at BIGINT NOT NULL,
    settled_at BIGINT,
    settled_by BIGINT REFERENCES staff (id),
    CHECK ((state = 'booked') = (settled_at IS NULL))
);
CREATE UNIQUE INDEX booking_place ON booking (division_id, day, half, place) WHERE state <> 'cancelled';
CREATE INDEX booking_by_person ON booking (person_id, day);
CREATE INDEX booking_by_day ON booking (division_id, day, half, place);
