//! The index: every record as a number, every kind as a table of rows.

use super::rows::*;
use super::{Finding, Hit};
use crate::kind::Sens;
use crate::kinds;
use crate::record::Record;
use crate::rules::Rule;
use crate::scalar::{Area, INTEGER_MAX, Mu};
use crate::tree::{Branches, Tree};
use std::collections::{BTreeMap, HashMap};

/// A record's number in the index; 0 is none.
pub(super) type Number = u32;
/// A code, account or value: the first 64 bits of its BLAKE3; 0 is none. Two of a million differ in their keys but for one chance in
/// thirty million.
pub(super) type Key = u64;

/// No row.
const NO_PLACE: u32 = u32::MAX;

/// What is kept of every record, whatever its kind.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// The place of its row in the table of its kind; [`NO_PLACE`] while it was only named.
    place: u32,
    organisation: Number,
    region: u64,
    sens: Sens,
}

/// What the rules read.
#[derive(Default)]
pub struct Index {
    numbers: HashMap<[u8; 17], Number>,
    rids: Vec<[u8; 17]>,
    /// By number.
    known: Vec<Known>,
    /// Region → records that hold now, or until when: see [`Index::holding_in`].
    regions: BTreeMap<(u64, i32), u64>,
    /// What the certificates show whose records have changed since: by certificate, the record.
    pub(super) outdated: Vec<(Number, Number)>,
    pub(super) outlines: Vec<u8>,
    pub(super) members: Vec<Member>,
    pub(super) households: Vec<Household>,
    pub(super) events: Vec<Event>,
    pub(super) holdings: Vec<Holding>,
    pub(super) contracts: Vec<Contract>,
    /// Codes of contracts that are over.
    pub(super) contracts_over: Vec<Key>,
    pub(super) contracted: Vec<Contracted>,
    pub(super) parcels: Vec<Parcel>,
    pub(super) transfers: Vec<Transfer>,
    pub(super) mu_differs: Vec<MuDiffers>,
    pub(super) homesteads: Vec<Homestead>,
    /// Homestead, user.
    pub(super) homestead_users: Vec<(u32, Number)>,
    pub(super) qualified: Vec<Number>,
    pub(super) share_schemes: Vec<ShareScheme>,
    pub(super) dividend_schemes: Vec<DividendScheme>,
    pub(super) dividend_payments: Vec<DividendPayment>,
    pub(super) cards: Vec<Card>,
    pub(super) rounds: Vec<Round>,
    pub(super) lines: Vec<Line>,
    pub(super) disposals: Vec<Disposal>,
    pub(super) operating: Vec<Operating>,
    pub(super) dues: Vec<Due>,
    pub(super) paid: Vec<Paid>,
    /// Projects that came to a deal.
    pub(super) dealt: Vec<Number>,
    pub(super) certificates: Vec<Certificate>,
    pub(super) shown: Vec<Shown>,
    /// How much of `shown` is in order.
    shown_sorted: usize,
    pub(super) admin_regions: Vec<Region>,
}

/// Key of a text.
pub(super) fn key(text: &str) -> Key {
    if text.is_empty() {
        return 0;
    }
    let digest = blake3::hash(text.as_bytes());
    digest.as_bytes()[..8].iter().fold(0, |key, byte| key << 8 | u64::from(*byte))
}

pub(super) fn value_key(value: &Tree<'_>) -> Key {
    key(&String::from_utf8_lossy(&crate::json::canonical_tree(value)))
}

/// A `rid` in 17 bytes: the place of its kind and its UUID. None for what is no `rid` of a known kind.
fn packed(rid: &str) -> Option<[u8; 17]> {
    let (name, uuid) = rid.split_once('-')?;
    let mut packed = [0; 17];
    packed[0] = u8::try_from(kinds::ALL.iter().position(|kind| kind.name == name)?).ok()?;
    let mut digits = uuid.bytes().filter(|byte| *byte != b'-').map(|byte| char::from(byte).to_digit(16));
    for byte in &mut packed[1..] {
        *byte = u8::try_from(digits.next()?? * 16 + digits.next()??).ok()?;
    }
    digits.next().is_none().then_some(packed)
}

impl Index {
    /// The number of a `rid`, a new one when it was not named before.
    pub(super) fn number(&mut self, rid: &str) -> Number {
        let Some(key) = packed(rid) else { return 0 };
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        self.rids.push(key);
        self.known.push(Known { place: NO_PLACE, organisation: 0, region: 0, sens: Sens::Public });
        let number = u32::try_from(self.rids.len()).expect("an archive holds fewer records than a u32 counts");
        self.numbers.insert(key, number);
        number
    }

    /// The `rid` of a number.
    pub(super) fn rid(&self, number: Number) -> String {
        let Some(key) = (number as usize).checked_sub(1).and_then(|place| self.rids.get(place)) else { return String::new() };
        let kind = kinds::ALL[usize::from(key[0])].name;
        let hex: String = key[1..].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{kind}-{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// Records that are alike in a finding, in the order of their `rid`s, whatever the order that they were taken in.
    pub(super) fn alike(&self, records: impl Iterator<Item = Number>) -> Vec<Number> {
        let mut records: Vec<Number> = records.collect();
        records.sort_by_key(|number| (*number as usize).checked_sub(1).and_then(|place| self.rids.get(place)));
        records
    }

    /// The row of a record in a table of its kind.
    fn row<'t, T>(&self, table: &'t [T], kind: &str, number: Number) -> Option<&'t T> {
        let place = (number as usize).checked_sub(1)?;
        let of_kind = kinds::ALL[usize::from(self.rids.get(place)?[0])].name == kind;
        table.get(self.known[place].place as usize).filter(|_| of_kind)
    }

    pub(super) fn member(&self, number: Number) -> Option<&Member> {
        self.row(&self.members, "member", number)
    }
    pub(super) fn household(&self, number: Number) -> Option<&Household> {
        self.row(&self.households, "household", number)
    }
    pub(super) fn holding(&self, number: Number) -> Option<&Holding> {
        self.row(&self.holdings, "share_holding", number)
    }
    pub(super) fn dividend_scheme(&self, number: Number) -> Option<&DividendScheme> {
        self.row(&self.dividend_schemes, "dividend_scheme", number)
    }
    pub(super) fn round(&self, number: Number) -> Option<&Round> {
        self.row(&self.rounds, "inventory_round", number)
    }
    /// Whether a record of that number was taken in.
    pub(super) fn is_there(&self, number: Number) -> bool {
        self.of(number).is_some_and(|known| known.place != NO_PLACE)
    }

    fn of(&self, number: Number) -> Option<&Known> {
        self.known.get((number as usize).checked_sub(1)?)
    }

    /// The region of a record.
    pub(super) fn region(&self, number: Number) -> u64 {
        self.of(number).map_or(0, |known| known.region)
    }

    /// The class of a record; none of what is not in the archive.
    pub(super) fn sens(&self, number: Number) -> Option<Sens> {
        self.of(number).filter(|known| known.place != NO_PLACE).map(|known| known.sens)
    }

    /// The organisation of a record.
    pub(super) fn organisation(&self, number: Number) -> Number {
        self.of(number).map_or(0, |known| known.organisation)
    }

    /// Records in a region that hold on a day, by the codes from and before which they lie.
    pub(super) fn holding_in(&self, codes: (u64, u64), today: i32) -> u64 {
        self.regions.range((codes.0, i32::MIN)..(codes.1, i32::MIN)).filter(|((_, until), _)| *until >= today).map(|(_, count)| count).sum()
    }

    /// Takes in a record. False when one of that `rid` was taken in before; then it changes nothing.
    pub fn take(&mut self, record: &Record) -> bool {
        let number = self.number(record.rid());
        if self.is_there(number) {
            return false;
        }
        let organisation = self.number(record.text("org_rid"));
        let region = record.text("region").parse().unwrap_or_default();
        let place = u32::try_from(self.add(record, number)).expect("an archive holds fewer records than a u32 counts");
        // A right record has one of them; where it had none it would be kept from everybody.
        let sens = Sens::parse(record.text("sens")).unwrap_or(Sens::Secret);
        self.known[number as usize - 1] = Known { place, organisation, region, sens };
        if !["admin_region", "alert"].contains(&record.kind().name) {
            let until = record.date("valid_to").map_or(i32::MAX, |date| date.days());
            *self.regions.entry((region, until)).or_default() += 1;
        }
        for (area, mu) in
            [("measured_area", "measured_mu"), ("total_area", "total_mu"), ("contract_area", "contract_mu"), ("prev_area", "prev_mu"), ("area", "mu")]
        {
            if let (Some(area), Some(mu)) = (Area::parse(record.text(area)), Mu::parse(record.text(mu)))
                && !area.agrees(mu)
            {
                self.mu_differs.push(MuDiffers { record: number, area: area.units(), mu: mu.units() });
            }
        }
        true
    }

    /// Takes the fields of a record in again, after every record was taken in once: only now it is known what certificates show of it.
    /// They need no second check: what [`crate::json::read_tree`] gives will do.
    pub fn take_again(&mut self, fields: &Branches<'_>) {
        if self.shown_sorted != self.shown.len() {
            self.shown.sort_unstable_by_key(|shown| (shown.source, shown.certificate));
            self.shown_sorted = self.shown.len();
        }
        let number = fields.get("rid").and_then(Tree::as_str).map_or(0, |rid| self.number(rid));
        let version = fields.get("version").and_then(Tree::as_i64).unwrap_or_default();
        let from = self.shown.partition_point(|shown| shown.source < number);
        let shown: Vec<Shown> = self.shown[from..].iter().take_while(|shown| shown.source == number).copied().collect();
        if shown.is_empty() {
            return;
        }
        let fields: BTreeMap<Key, Key> = fields.iter().map(|(name, value)| (key(name), value_key(value))).collect();
        for shown in shown.iter().filter(|shown| shown.version < version) {
            if fields.get(&shown.field) != Some(&shown.value) {
                self.outdated.push((shown.certificate, number));
            }
        }
    }

    /// What a hit says in the names of the archive.
    pub(super) fn finding(&self, hit: Hit) -> Finding {
        let rule = Rule::number(hit.rule);
        let there = hit.subjects.iter().copied().find(|number| self.is_there(*number)).unwrap_or_default();
        Finding {
            rule,
            severity: hit.severity.unwrap_or(rule.severity()),
            subjects: hit.subjects.iter().map(|number| self.rid(*number)).collect(),
            region: format!("{:012}", self.region(there)),
            org_rid: self.rid(self.organisation(there)),
            sens: hit.subjects.iter().filter_map(|number| self.sens(*number)).chain(hit.summed).fold(Sens::Personal, Sens::max),
            // No further than a record may count: what is larger could not be read again.
            facts: hit.facts.into_iter().map(|(name, zh, value)| (name, zh, value.clamp(-INTEGER_MAX, INTEGER_MAX))).collect(),
        }
    }
}
