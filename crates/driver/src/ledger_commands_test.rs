//! Whole and damaged ledgers.

use super::*;
