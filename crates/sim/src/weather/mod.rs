//! The weather: what a seed plans for a world, step by step, and what came of it, counted by kind.

pub mod act;
pub mod counts;
pub mod plan;
pub mod random;
