//! The sections that are lists of functions.

pub(super) mod bridges;
pub(super) mod entries;
pub(super) mod hot_spots;
pub(super) mod owners;
