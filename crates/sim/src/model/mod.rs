//! What must be true: what people made, version by version, and what each replica was seen to hold. Written from spec/ and
//! the promises; nothing of it asks the engine.

pub mod archive;
pub mod chain;
pub mod numbers;
pub mod payload;
pub mod record;
pub mod replica;
pub mod template;
