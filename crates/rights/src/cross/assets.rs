//! X27 to X31: cards, inventories, disposals and operating contracts.

use super::index::Index;
use super::rows::*;
use super::{Hit, Parameters, Tell, hit};
use crate::kind::Sens;
use crate::rules::Severity;
use crate::scalar::Date;
use std::collections::{BTreeMap, BTreeSet};

/// X27: a card whose net value is not original less depreciation less impairment, or that was in use in the year of the inventory
/// and is in no line of an annual round of that year.
pub(super) fn card_does_not_add_up_or_was_not_counted(index: &Index, parameters: &Parameters, tell: Tell<'_>) {
    let of_year = |day: i32| Date::of(1970, 1, 1).is_some_and(|first| first.after(day).numbers().0 == parameters.inventory_year);
    let counts = |line: &&Line| index.round(line.round).is_some_and(|round| round.annual && round.as_of != NO_DAY && of_year(round.as_of));
    let counted: BTreeSet<u32> = index.lines.iter().filter(counts).map(|line| line.card).collect();
    let end = Date::of(parameters.inventory_year, 12, 31).map_or(NO_DAY, Date::days);
    for card in index.cards.iter().filter(|card| card.active) {
        if card.difference != 0 {
            tell(hit(27, [card.record], [("difference", "差额", card.difference)]));
        }
        if card.in_use_from <= end && !counted.contains(&card.record) {
            tell(hit(27, [card.record], [("year", "年度", i64::from(parameters.inventory_year))]));
        }
    }
}

/// X28: a loss, and no form that disposes of the card within so many days of the inventory.
pub(super) fn loss_without_disposal(index: &Index, parameters: &Parameters, tell: Tell<'_>) {
    let disposed: BTreeSet<(u32, i32)> = index.disposals.iter().filter(|disposal| disposal.stands).map(|disposal| (disposal.card, disposal.from)).collect();
    for line in index.lines.iter().filter(|line| line.loss) {
        let Some(round) = index.round(line.round).filter(|round| round.as_of != NO_DAY) else { continue };
        let limit = round.as_of.saturating_add(parameters.disposal_days);
        if parameters.today.days() > limit && disposed.range((line.card, round.as_of)..=(line.card, limit)).next().is_none() {
            tell(hit(28, [line.record, line.card], [("days", "天数", i64::from(parameters.today.days() - round.as_of))]));
        }
    }
}

/// X29: an open contract that ends soon, has something unpaid for too long, or brings in less than its share of the index.
pub(super) fn contract_ends_is_unpaid_or_cheap(index: &Index, parameters: &Parameters, tell: Tell<'_>) {
    let today = parameters.today.days();
    let mut paid: BTreeMap<(u32, i64), (i64, Option<Sens>)> = BTreeMap::new();
    for payment in &index.paid {
        let (sum, sens) = paid.entry((payment.contract, payment.number)).or_default();
        *sum = sum.saturating_add(payment.amount);
        *sens = index.sens(payment.record).max(*sens);
    }
    let owes: BTreeSet<u32> = index.operating.iter().filter(|contract| contract.owes).map(|contract| contract.record).collect();
    for contract in index.operating.iter().filter(|contract| contract.open) {
        if contract.to < today.saturating_add(parameters.expiry_days) {
            tell(hit(29, [contract.record], [("days_left", "剩余天数", i64::from(contract.to) - i64::from(today))]));
        }
        let county = index.region(contract.record) / 1_000_000;
        let price = parameters.price_index.iter().find(|(region, _)| *region == county);
        if let Some((_, price)) = price.filter(|_| contract.area > 0) {
            let days = i128::from(contract.to) - i128::from(contract.from) + 1;
            // fen ÷ m² ÷ years < price × per cent, multiplied out: a year has 365 days, a m² 100 dm².
            let brings = i128::from(contract.amount) * 365 * 100 * 100;
            if brings < i128::from(*price) * i128::from(parameters.price_percent) * i128::from(contract.area) * days {
                tell(hit(29, [contract.record], [("amount", "合同金额", contract.amount), ("price_index", "指导价", *price)]));
            }
        }
    }
    for due in index.dues.iter().filter(|due| owes.contains(&due.contract) && due.due != NO_DAY) {
        let (sum, summed) = paid.get(&(due.contract, due.number)).copied().unwrap_or_default();
        let left = due.amount.saturating_sub(sum);
        let days = i64::from(today) - i64::from(due.due);
        if left > 0 && days > i64::from(parameters.overdue_days) {
            let facts = vec![("due_no", "期次", due.number), ("unpaid", "未付", left), ("days", "逾期天数", days)];
            tell(Hit { rule: 29, severity: Some(Severity::High), subjects: vec![due.contract], facts, summed });
        }
    }
}

/// X30: a lease or a sale above the threshold without a deal of the exchange.
pub(super) fn past_the_exchange(index: &Index, parameters: &Parameters, tell: Tell<'_>) {
    let Some(threshold) = parameters.exchange_threshold else { return };
    let dealt: BTreeSet<u32> = index.dealt.iter().copied().collect();
    for contract in index.operating.iter().filter(|contract| contract.counts && contract.lease && contract.amount > threshold) {
        if !index.is_there(contract.deal) {
            tell(hit(30, [contract.record], [("amount", "金额", contract.amount)]));
        }
    }
    for disposal in index.disposals.iter().filter(|disposal| disposal.sale && disposal.value > threshold && !dealt.contains(&disposal.project)) {
        tell(hit(30, [disposal.record], [("amount", "金额", disposal.value)]));
    }
}

/// X31: an asset that lies idle for longer than so many days.
pub(super) fn idle(index: &Index, parameters: &Parameters, tell: Tell<'_>) {
    for card in index.cards.iter().filter(|card| card.active && card.idle_since != NO_DAY) {
        let days = i64::from(parameters.today.days()) - i64::from(card.idle_since);
        if days > i64::from(parameters.idle_days) {
            tell(hit(31, [card.record], [("days", "闲置天数", days)]));
        }
    }
}
