//! Two daemons over shared folders, and what they do when something is in their way.

use super::*;
