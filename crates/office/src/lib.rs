//! The `office` room.
