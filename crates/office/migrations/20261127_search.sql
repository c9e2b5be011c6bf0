-- What is found by the words of its title, its pinyin initials and its numbers: records of registers and divisions, in one index. A row's
-- number is its kind's, times a million million, and its own; its words end in its kind and the divisions above it.
CREATE TABLE search_kind (
    id {id},
    name TEXT NOT NULL UNIQUE,
    -- all there is of it stands in the index
    filled BOOLEAN NOT NULL
);
--sqlite CREATE VIRTUAL TABLE search_words USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'ascii', detail = 'none');
--postgres CREATE TABLE search_words (rowid BIGINT PRIMARY KEY, words TSVECTOR NOT NULL);
--postgres CREATE INDEX search_words_by ON search_words USING gin (words) WITH (gin_pending_list_limit = 1024);
