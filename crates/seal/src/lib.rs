//! The data plane as codecs: chunking, compression, digests, sealed frames, recipients, signatures.
//!
//! Pure: bytes in, bytes out; entropy is an argument; no file, no thread. Frames and blocks can be worked on in any order
//! and in parallel by the caller. Nothing here decides whom to trust: the caller passes the keys.

pub mod block;
pub mod chunk;
pub mod envelope;
pub mod frames;
pub mod keys;
pub mod provided;
pub mod reading;
pub mod shape;
pub mod suite;
