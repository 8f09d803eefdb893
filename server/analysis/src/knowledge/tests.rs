//! The tables are well-formed and agree with each other.

use super::*;

#[test]
fn the_tables_can_be_read() {
    let knowledge = Knowledge::shipped();
    assert!(knowledge.blocking("time.sleep").is_some());
}
