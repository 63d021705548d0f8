//! From a record to its row: what of each kind the rules need.

use super::index::{Index, Number, key, value_key};
use super::rows::*;
use crate::geometry::Geometry;
use crate::identifier::{BankAccount, CitizenId};
use crate::record::Record;
use crate::tree::Tree;

fn day(record: &Record, name: &str) -> i32 {
    record.date(name).map_or(NO_DAY, |date| date.days())
}

fn person(record: &Record) -> Person {
    let number = CitizenId::parse(record.text("id_no")).ok();
    Person {
        is_number: record.text("id_type") == "1",
        valid: number.is_some(),
        key: key(record.text("id_no")),
        birth: number.map_or(NO_DAY, |number| number.birth().days()),
    }
}

fn texts<'v>(values: &'v [Tree<'v>]) -> impl Iterator<Item = &'v str> {
    values.iter().filter_map(Tree::as_str)
}

/// Puts a row at the end of its table, and says where that is.
fn put<T>(table: &mut Vec<T>, row: T) -> usize {
    table.push(row);
    table.len() - 1
}

/// States of a contract that is over.
const OVER: [&str; 2] = ["history", "ended"];

impl Index {
    /// The row of a record, in the table of its kind. Of a kind that no rule reads there is none.
    pub(super) fn add(&mut self, record: &Record, number: Number) -> usize {
        match record.kind().name {
            "member" => self.add_member(record, number),
            "household" => self.add_household(record, number),
            "membership_event" => self.add_event(record, number),
            "share_scheme" | "share_holding" | "dividend_scheme" | "dividend_payment" => self.add_share(record, number),
            "land_contract" | "contracted_parcel" | "parcel" | "land_transfer" => self.add_land(record, number),
            "homestead_use" => self.add_homestead(record, number),
            "homestead_qualification" => {
                let household = self.number(record.text("household_rid"));
                put(&mut self.qualified, household)
            }
            "asset_card" | "inventory_round" | "inventory_line" | "asset_disposal" => self.add_asset(record, number),
            "operating_contract" | "payment_entry" | "exchange_project" => self.add_operating(record, number),
            "ecertificate" => self.add_certificate(record, number),
            "admin_region" => self.add_region(record, number),
            _ => 0,
        }
    }

    fn add_member(&mut self, record: &Record, number: Number) -> usize {
        let standing = match record.state() {
            "confirmed" | "disputed" => Standing::Confirmed,
            "retained" => Standing::Retained,
            "lost" => Standing::Lost,
            _ => Standing::Pending,
        };
        let person = person(record);
        let citizen = CitizenId::parse(record.text("id_no")).ok().filter(|_| person.is_number);
        let differs = citizen.is_some_and(|citizen| record.date("birth_date") != Some(citizen.birth()) || record.text("gender") != citizen.gender());
        let household = self.number(record.text("household_rid"));
        put(&mut self.members, Member { record: number, household, standing, person, differs })
    }

    fn add_household(&mut self, record: &Record, number: Number) -> usize {
        let head_member = self.number(record.text("head_rid"));
        let account = record.text("bank_account");
        let row = Household {
            record: number,
            current: record.state() == "current",
            head_member,
            contractor: key(record.text("contractor_code")),
            size: record.integer("size").unwrap_or_default(),
            person: person(record),
            account: key(account),
            account_valid: account.is_empty() || BankAccount::parse(account).is_ok(),
        };
        put(&mut self.households, row)
    }

    fn add_event(&mut self, record: &Record, number: Number) -> usize {
        let member = self.number(record.text("member_rid"));
        let retains = record.state() == "current" && texts(record.list("retained_rights")).any(|right| right == "share");
        let shares_until = if retains { record.date("retained_until").map_or(i32::MAX, |date| date.days()) } else { NO_DAY };
        let death = record.state() == "current" && record.text("event") == "death";
        put(&mut self.events, Event { record: number, member, death, shares_until })
    }

    fn add_share(&mut self, record: &Record, number: Number) -> usize {
        let units = |name: &str| record.units(name).unwrap_or_default();
        let fen = |name: &str| record.integer(name).unwrap_or_default();
        match record.kind().name {
            "share_scheme" => put(
                &mut self.share_schemes,
                ShareScheme {
                    record: number,
                    effective: record.state() == "effective",
                    total: units("total_shares"),
                    collective: units("collective_shares"),
                    base: fen("base_capital"),
                },
            ),
            "share_holding" => {
                let holder = self.number(record.text("holder"));
                let row = Holding {
                    record: number,
                    holder,
                    active: ["active", "pledged"].contains(&record.state()),
                    standing: ["active", "pledged", "inheriting"].contains(&record.state()),
                    shares: units("shares"),
                    capital: fen("capital"),
                };
                put(&mut self.holdings, row)
            }
            "dividend_scheme" => put(
                &mut self.dividend_schemes,
                DividendScheme {
                    record: number,
                    year: fen("year"),
                    per_share: units("per_share"),
                    public: ["publicity", "effective", "replaced"].contains(&record.state()),
                    effective: record.state() == "effective",
                    from: day(record, "valid_from"),
                    publicity_from: day(record, "publicity_from"),
                    publicity_to: day(record, "publicity_to"),
                },
            ),
            _ => {
                let (scheme, holding) = (self.number(record.text("scheme")), self.number(record.text("holding")));
                let account = record.text("account");
                let row = DividendPayment {
                    record: number,
                    scheme,
                    holding,
                    amount: fen("amount"),
                    account: key(account),
                    account_valid: BankAccount::parse(account).is_ok(),
                };
                put(&mut self.dividend_payments, row)
            }
        }
    }

    fn add_land(&mut self, record: &Record, number: Number) -> usize {
        let units = |name: &str| record.units(name).unwrap_or_default();
        let current = record.state() == "current";
        // What is over stays in the table, so that its number leads to it, and joins with nothing.
        let joined = |name: &str| if current { key(record.text(name)) } else { 0 };
        if record.kind().name == "land_contract" && OVER.contains(&record.state()) {
            self.contracts_over.push(key(record.text("code")));
        }
        match record.kind().name {
            "land_contract" => put(
                &mut self.contracts,
                Contract {
                    record: number,
                    code: joined("code"),
                    contractor: joined("contractor"),
                    current,
                    of_household: record.text("mode") == "110",
                    from: day(record, "from"),
                    to: day(record, "to"),
                    total: units("total_area"),
                },
            ),
            "contracted_parcel" => put(
                &mut self.contracted,
                Contracted {
                    record: number,
                    contract: joined("contract_code"),
                    parcel: joined("parcel_code"),
                    transfer: joined("transfer_code"),
                    area: units("contract_area"),
                },
            ),
            "parcel" => {
                let begin = self.outlines.len();
                if record.state() != "extinct"
                    && let Some(geometry) = Geometry::parse(record.text("geometry"))
                {
                    geometry.pack(&mut self.outlines);
                }
                let row = Parcel {
                    record: number,
                    code: if record.state() == "extinct" { 0 } else { key(record.text("parcel_code")) },
                    basic_farmland: record.text("basic_farmland") == "1",
                    outline: (begin, self.outlines.len()),
                };
                put(&mut self.parcels, row)
            }
            _ => {
                let (before, after) = (record.text("use_before"), record.text("use_after"));
                let row = Transfer {
                    record: number,
                    code: joined("transfer_code"),
                    contract: joined("contract_code"),
                    from: day(record, "from"),
                    to: day(record, "to"),
                    away: before != after && after == "5",
                };
                put(&mut self.transfers, row)
            }
        }
    }

    fn add_homestead(&mut self, record: &Record, number: Number) -> usize {
        let household = self.number(record.text("user_household"));
        let row = Homestead {
            record: number,
            household,
            active: ["approved", "building", "accepted", "registered", "idle"].contains(&record.state()),
            of_old: ["继承", "历史批准"].contains(&record.text("acquire_by")),
            area: record.units("area_actual").unwrap_or_default(),
            house: record.units("house_area").is_some_and(|area| area > 0),
            approved: !record.text("approval_no").is_empty(),
            built_year: record.integer("built_year").unwrap_or_default(),
        };
        let place = put(&mut self.homesteads, row);
        for user in texts(record.list("users")) {
            let user = self.number(user);
            self.homestead_users.push((u32::try_from(place).expect("an archive holds fewer records than a u32 counts"), user));
        }
        place
    }

    fn add_asset(&mut self, record: &Record, number: Number) -> usize {
        let fen = |name: &str| record.integer(name).unwrap_or_default();
        match record.kind().name {
            "asset_card" => put(
                &mut self.cards,
                Card {
                    record: number,
                    active: ["active", "changing", "disposing", "undefined"].contains(&record.state()),
                    difference: fen("net_value") - (fen("original_value") - fen("acc_depr") - fen("impairment")),
                    in_use_from: day(record, "in_use_from"),
                    idle_since: if record.text("use_mode") == "闲置" { day(record, "idle_since") } else { NO_DAY },
                },
            ),
            "inventory_round" => put(&mut self.rounds, Round { annual: record.text("round_kind") == "annual", as_of: day(record, "as_of") }),
            "inventory_line" => {
                let (round, card) = (self.number(record.text("round_rid")), self.number(record.text("card_rid")));
                put(&mut self.lines, Line { record: number, round, card, loss: record.text("result") == "loss" })
            }
            _ => {
                let (card, project) = (self.number(record.text("card_rid")), self.number(record.text("pushed_project_rid")));
                let row = Disposal {
                    record: number,
                    card,
                    from: day(record, "valid_from"),
                    stands: !["rejected", "withdrawn"].contains(&record.state()),
                    sale: record.text("mode") == "sale" && ["approved", "effective"].contains(&record.state()),
                    value: record.integer("proceeds").or(record.integer("appraisal_value")).unwrap_or_default(),
                    project,
                };
                put(&mut self.disposals, row)
            }
        }
    }

    fn add_operating(&mut self, record: &Record, number: Number) -> usize {
        match record.kind().name {
            "operating_contract" => {
                let plan = record.list("pay_plan").iter().zip(1..).map(|(due, count)| Due {
                    contract: number,
                    number: count,
                    due: due.get("due").and_then(Tree::as_str).and_then(crate::scalar::Date::parse).map_or(NO_DAY, |date| date.days()),
                    amount: due.get("amount").and_then(Tree::as_i64).unwrap_or_default(),
                });
                self.dues.extend(plan);
                let deal = self.number(record.text("deal_rid"));
                let row = Operating {
                    record: number,
                    open: ["active", "due_soon", "overdue"].contains(&record.state()),
                    owes: ["active", "due_soon", "overdue", "expired"].contains(&record.state()),
                    counts: !["draft", "terminated"].contains(&record.state()),
                    from: day(record, "from"),
                    to: day(record, "to"),
                    amount: record.integer("amount").unwrap_or_default(),
                    area: record.units("area").unwrap_or_default(),
                    deal,
                    lease: ["租赁", "承包"].contains(&record.text("mode")),
                };
                put(&mut self.operating, row)
            }
            "payment_entry" => {
                let (contract, organisation) = (self.number(record.text("contract")), self.number(record.text("org_rid")));
                let row = Paid {
                    record: number,
                    organisation,
                    contract,
                    number: record.integer("due_no").unwrap_or_default(),
                    amount: record.integer("amount").unwrap_or_default(),
                    year: record.date("paid_on").map_or(0, |date| date.numbers().0),
                };
                put(&mut self.paid, row)
            }
            _ => {
                if ["deal_publicity", "signed", "performing", "archived"].contains(&record.state()) {
                    self.dealt.push(number);
                }
                0
            }
        }
    }

    fn add_certificate(&mut self, record: &Record, number: Number) -> usize {
        let row = Certificate {
            record: number,
            effective: record.state() == "effective",
            issued_on: day(record, "issued_on"),
            publicity_to: day(record, "publicity_to"),
        };
        if row.effective {
            self.add_shown(record, number);
        }
        put(&mut self.certificates, row)
    }

    /// The fields that a certificate shows, each with the version of the record that it was taken from.
    fn add_shown(&mut self, record: &Record, certificate: Number) {
        let version = |rid: &str| {
            let source = record.list("source_rids").iter().find(|source| source.get("rid").and_then(Tree::as_str) == Some(rid));
            source.and_then(|source| source.get("version")).and_then(Tree::as_i64).unwrap_or_default()
        };
        let rows = record.fields().get("rows").and_then(Tree::as_object).into_iter().flat_map(|rows| rows.iter().map(|(_, rows)| rows));
        for row in rows.filter_map(Tree::as_list).flatten().filter_map(Tree::as_object) {
            let rid = row.text("rid");
            let (source, version) = (self.number(rid), version(rid));
            let fields = row.iter().filter(|(name, _)| *name != "rid");
            self.shown.extend(fields.map(|(name, value)| Shown { source, certificate, version, field: key(name), value: value_key(value) }));
        }
    }

    fn add_region(&mut self, record: &Record, number: Number) -> usize {
        let code = record.text("code");
        let one = 10_u64.pow(12_u32.saturating_sub(u32::try_from(code.len()).unwrap_or(12)));
        let first = code.parse().unwrap_or(0_u64).saturating_mul(one);
        put(&mut self.admin_regions, Region { record: number, codes: (first, first.saturating_add(one)), valid_to: day(record, "valid_to") })
    }
}
