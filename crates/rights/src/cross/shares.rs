//! X07, X10 and X22 to X26: shares, dividends and the accounts they go to.

use super::index::Index;
use super::people::active_members;
use super::rows::*;
use super::{Parameters, Tell, hit};
use crate::kind::Sens;
use crate::scalar::Date;
use std::collections::{BTreeMap, BTreeSet};

/// X07: shares of one who is no confirmed member and has not retained them, or of a household without a confirmed member.
pub(super) fn held_by_no_member(index: &Index, parameters: &Parameters, tell: Tell<'_>) {
    let today = parameters.today.days();
    let retained: BTreeSet<u32> =
        index.events.iter().filter(|event| event.shares_until != NO_DAY && event.shares_until >= today).map(|event| event.member).collect();
    let members = active_members(index);
    for holding in index.holdings.iter().filter(|holding| holding.active) {
        let confirmed = index.member(holding.holder).is_some_and(|member| member.standing == Standing::Confirmed);
        if !confirmed && !members.contains_key(&holding.holder) && !retained.contains(&holding.holder) {
            tell(hit(7, [holding.record, holding.holder], [("shares", "股数", holding.shares)]));
        }
    }
}

/// The organisations whose share scheme is in effect.
fn with_scheme(index: &Index) -> BTreeMap<u32, &ShareScheme> {
    index.share_schemes.iter().filter(|scheme| scheme.effective).map(|scheme| (index.organisation(scheme.record), scheme)).collect()
}

/// X10: a confirmed member without shares, own or of the household, in an organisation that has a scheme.
pub(super) fn member_without(index: &Index, _: &Parameters, tell: Tell<'_>) {
    let schemes = with_scheme(index);
    let mut holders: Vec<u32> = index.holdings.iter().filter(|holding| holding.standing).map(|holding| holding.holder).collect();
    holders.sort_unstable();
    let holds = |number: u32| holders.binary_search(&number).is_ok();
    for member in index.members.iter().filter(|member| member.standing == Standing::Confirmed) {
        if schemes.contains_key(&index.organisation(member.record)) && !holds(member.record) && !holds(member.household) {
            tell(hit(10, [member.record], []));
        }
    }
}

/// Sums of one organisation's holdings.
#[derive(Default)]
struct Sums {
    shares: i128,
    capital: i128,
    count: i128,
    sens: Option<Sens>,
}

fn sums(index: &Index) -> BTreeMap<u32, Sums> {
    let mut sums: BTreeMap<u32, Sums> = BTreeMap::new();
    for holding in index.holdings.iter().filter(|holding| holding.standing) {
        let sum = sums.entry(index.organisation(holding.record)).or_default();
        sum.shares += i128::from(holding.shares);
        sum.capital += i128::from(holding.capital);
        sum.count += 1;
        sum.sens = index.sens(holding.record).max(sum.sens);
    }
    sums
}

/// As much of a sum as an alert can say.
fn fact(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// X22: the holdings of an organisation and its collective shares are not its total, exactly.
pub(super) fn shares_do_not_add_up(index: &Index, _: &Parameters, tell: Tell<'_>) {
    let sums = sums(index);
    for (organisation, scheme) in with_scheme(index) {
        let (none, collective) = (Sums::default(), i128::from(scheme.collective));
        let sum = sums.get(&organisation).unwrap_or(&none);
        let held = sum.shares + collective;
        if held != i128::from(scheme.total) {
            tell(hit(22, [scheme.record], [("held", "股数合计", fact(held)), ("total", "总股数", scheme.total)]).summed(sum.sens));
        }
    }
}

/// X23: the capital of the holdings is not their part of the base capital, within 1 fen for each of them. The part of the collective
/// shares is nobody's holding. Multiplied by the total, so that nothing is rounded.
pub(super) fn capital_does_not_add_up(index: &Index, _: &Parameters, tell: Tell<'_>) {
    let sums = sums(index);
    for (organisation, scheme) in with_scheme(index) {
        let (none, total) = (Sums::default(), i128::from(scheme.total));
        let sum = sums.get(&organisation).unwrap_or(&none);
        let expected = i128::from(scheme.base) * (total - i128::from(scheme.collective));
        if (sum.capital * total - expected).abs() > sum.count * total {
            tell(hit(23, [scheme.record], [("capital", "股金合计", fact(sum.capital)), ("base_capital", "折股净资产", scheme.base)]).summed(sum.sens));
        }
    }
}

impl Parameters {
    /// The last day on which a dividend could become public that is over.
    fn dividend_limit(&self) -> Option<Date> {
        let ((month, day), this_year) = (self.dividend_day?, self.today.numbers().0);
        [this_year, this_year - 1].into_iter().filter_map(|year| Date::of(year, month, day)).find(|limit| *limit < self.today)
    }

    /// X24: the year that is looked at.
    pub(super) fn dividend_year(&self) -> Option<i32> {
        Some(self.dividend_limit()?.numbers().0 - 1)
    }
}

/// What one organisation took in.
#[derive(Default)]
struct Income {
    amount: i64,
    sens: Option<Sens>,
    payments: Vec<u32>,
}

/// X24: an organisation took in money in a year, and its dividend scheme of that year was not public by the day that is set. Looked
/// at is the newest year whose day is over.
pub(super) fn income_without_dividend(index: &Index, parameters: &Parameters, tell: Tell<'_>) {
    let Some(limit) = parameters.dividend_limit() else { return };
    let year = limit.numbers().0 - 1;
    let mut income: BTreeMap<u32, Income> = BTreeMap::new();
    for paid in index.paid.iter().filter(|paid| paid.year == year && paid.organisation != 0) {
        let income = income.entry(paid.organisation).or_default();
        income.amount = income.amount.saturating_add(paid.amount);
        income.sens = index.sens(paid.record).max(income.sens);
        income.payments.push(paid.record);
    }
    let in_time = |scheme: &&DividendScheme| scheme.public && scheme.year == i64::from(year) && scheme.publicity_from <= limit.days();
    let with_dividend: BTreeSet<u32> = index.dividend_schemes.iter().filter(in_time).map(|scheme| index.organisation(scheme.record)).collect();
    for (organisation, income) in income.into_iter().filter(|(organisation, income)| income.amount > 0 && !with_dividend.contains(organisation)) {
        let mut subjects = vec![organisation];
        if !index.is_there(organisation) {
            subjects.extend(index.alike(income.payments.into_iter()).first());
        }
        tell(hit(24, subjects, [("year", "年度", i64::from(year)), ("income", "收入", income.amount)]).summed(income.sens));
    }
}

/// X25: a payment is not shares times amount per share, half a fen up.
pub(super) fn payment_differs(index: &Index, _: &Parameters, tell: Tell<'_>) {
    for payment in &index.dividend_payments {
        let (Some(scheme), Some(holding)) = (index.dividend_scheme(payment.scheme), index.holding(payment.holding)) else { continue };
        let expected = fact((i128::from(holding.shares) * i128::from(scheme.per_share) + 500_000).div_euclid(1_000_000));
        if payment.amount != expected {
            tell(
                hit(25, [payment.record, payment.holding], [("amount", "金额", payment.amount), ("expected", "应发", expected)])
                    .summed(index.sens(payment.scheme)),
            );
        }
    }
}

/// X26: an account that is none, that more than one household has, or that is not the one of the holder's household.
pub(super) fn account_doubtful(index: &Index, _: &Parameters, tell: Tell<'_>) {
    let households = index.households.iter().filter(|household| household.current);
    let mut accounts: Vec<(u64, u32)> = Vec::new();
    for household in households.filter(|household| household.account != 0) {
        accounts.push((household.account, household.record));
        if !household.account_valid {
            tell(hit(26, [household.record], []));
        }
    }
    accounts.sort_unstable();
    for same in accounts.chunk_by(|left, right| left.0 == right.0).filter(|same| same.len() > 1) {
        let subjects = index.alike(same.iter().map(|(_, record)| *record));
        let count = same.len() as i64;
        tell(hit(26, subjects, [("households", "户数", count)]));
    }
    for payment in &index.dividend_payments {
        let holder = index.holding(payment.holding).map_or(0, |holding| holding.holder);
        let household = index.household(index.member(holder).map_or(holder, |member| member.household));
        let anothers = household.is_some_and(|household| household.account != 0 && household.account != payment.account);
        if !payment.account_valid || anothers {
            tell(hit(26, [payment.record], []));
        }
    }
}
