-- Whether the office found a clear change of the family's circumstances: inside a review period only that may adjust (57号 art. 31).
ALTER TABLE case_file ADD COLUMN clear_change BOOLEAN;
