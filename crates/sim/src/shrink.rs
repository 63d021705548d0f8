//! The smallest list of steps that still fails with the same checker: delta debugging over the steps, bounded.

use crate::weather::plan::{Plan, Step};

/// Worlds that are played to shrink one, at most.
pub const PLAYS_MAX: usize = 600;

/// Leaves out what is not needed. `fails` plays a plan and tells whether it fails in the same way.
pub fn shrink(plan: &Plan, fails: &mut dyn FnMut(&Plan) -> bool) -> Plan {
    let mut steps = plan.steps.clone();
    let mut plays = 0;
    let mut piece = steps.len().div_ceil(2).max(1);
    loop {
        let mut left_out = false;
        let mut at = 0;
        while at < steps.len() && plays < PLAYS_MAX {
            let end = (at + piece).min(steps.len());
            let fewer: Vec<Step> = steps[..at].iter().chain(&steps[end..]).copied().collect();
            plays += 1;
            if fails(&Plan { steps: fewer.clone(), ..plan.clone() }) {
                steps = fewer;
                left_out = true;
            } else {
                at = end;
            }
        }
        if plays >= PLAYS_MAX || piece == 1 && !left_out {
            return Plan { steps, ..plan.clone() };
        }
        piece = if piece == 1 { 1 } else { piece.div_ceil(2) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weather::plan::plan;

    #[test]
    fn what_is_needed_is_left() {
        let whole = plan(3, 40);
        let needed = [whole.steps[4].number, whole.steps[11].number, whole.steps[whole.steps.len() - 1].number];
        let mut fails = |plan: &Plan| needed.iter().all(|number| plan.steps.iter().any(|step| step.number == *number));
        let small = shrink(&whole, &mut fails);
        assert_eq!(small.steps.iter().map(|step| step.number).collect::<Vec<_>>(), needed);
    }
}
