//! The only IO of asyncwise.
