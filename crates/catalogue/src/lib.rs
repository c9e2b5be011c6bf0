//! The `catalogue` room.
