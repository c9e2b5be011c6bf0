//! The `letters` room.
