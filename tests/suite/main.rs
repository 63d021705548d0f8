//! The suite of the whole project: what no single crate can hold by itself.

mod readme;
mod tidy;
