//! The voice.
fn main() {}
