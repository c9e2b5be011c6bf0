//! The `vocab` room.
