//! Packages, receipts and labels about keys, good and bad (spec/keys.md): announced, switched, revoked.

use crate::describe;
use crate::fixture::{Collection, Contents, Fixture};
use crate::label_vectors;
use crate::model::{Form, KeyNotice, NextKeys, Range, Receipt};
use crate::package::Package;
use crate::primitive::noise_array;
use crate::receipt_good::{draft, empty};
use crate::zone::{Cast, Zone};
use crate::{encode, package_good, receipt_good};
use serde_json::{Value, json};

/// The sequence, and the number, of everything here.
const NUMBER: u64 = 20;

/// Collects them.
pub(crate) fn collect(cast: &Cast, to: &mut Collection) {
    let mut keys = Keys { cast, to };
    keys.good_packages();
    keys.good_receipts();
    for on in [On::Package, On::Receipt] {
        keys.revoked(on);
        keys.out_of_turn(on);
        keys.announced(on);
        keys.unknown(on);
    }
    keys.labels();
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    Package,
    Receipt,
}

struct Keys<'c, 'f> {
    cast: &'c Cast,
    to: &'f mut Collection,
}

/// How it is read by who trusts these keys, and what is known of them beside.
fn reading(on: On, trusted: &[&str], marks: &[(&str, &str, u32, u64)]) -> Value {
    let mut reading = if on == On::Package { package_good::reading() } else { receipt_good::reading(false) };
    reading["trusted"] = json!(trusted);
    for field in ["switched", "revoked"] {
        let of = |mark: &&(&str, &str, u32, u64)| mark.0 == field;
        let list: Vec<Value> =
            marks.iter().filter(of).map(|(_, zone, generation, from)| json!({"zone": zone, "generation": generation, "from": from})).collect();
        if !list.is_empty() {
            reading[field] = list.into();
        }
    }
    reading
}

impl<'c> Keys<'c, '_> {
    /// The zone that signs on this page, with its first and its second keys.
    fn signers(&self, on: On) -> (&'c Zone, &'c Zone) {
        if on == On::Package { (&self.cast.inside, &self.cast.inside_2) } else { (&self.cast.outside, &self.cast.outside_2) }
    }

    fn package(&self, what: &str, signer: &'c Zone, keys: KeyNotice) -> Package<'c> {
        let mut package = Package::small(self.cast, &format!("package/{what}"));
        package.manifest.sequence = NUMBER;
        package.manifest.keys = keys;
        package.signer = signer;
        package
    }

    fn receipt(&self, keys: KeyNotice) -> Receipt {
        Receipt { keys, ..empty(self.cast, NUMBER, 6, noise_array("keys/package")) }
    }

    #[expect(clippy::too_many_arguments, reason = "all that a fixture says")]
    fn bad(&mut self, on: On, codes: (&'static str, &'static str), what: &str, says: &str, reading: Value, signer: &'c Zone, keys: KeyNotice) {
        let (page, code, extension, file) = if on == On::Package {
            ("package", codes.0, "gfp", self.package(&format!("{}/{what}", codes.0), signer, keys).draft().seal().file)
        } else {
            let receipt = self.receipt(keys);
            let mut draft = draft(self.cast, &format!("receipt/{}/{what}", codes.1), &receipt);
            draft.signer = signer;
            ("receipt", codes.1, "gfr", draft.seal().file)
        };
        let page = if code.starts_with("ENV") { "envelope" } else { page };
        let what = if code.starts_with("ENV") && on == On::Receipt { format!("receipt_{what}") } else { what.to_owned() };
        self.to.add(Fixture { page, code, what, extension, says: says.into(), reading, bytes: Contents::File(file) }, None);
    }

    fn good_packages(&mut self) {
        let next = Some(self.cast.inside_2.announced());
        for (what, says, signer, keys, reading) in [
            (
                "announces_keys",
                "announces the second generation of its zone's keys, which the reader does not know yet",
                &self.cast.inside,
                KeyNotice { from: 1, known: 1, next: next.clone() },
                reading(On::Package, &["inside"], &[]),
            ),
            (
                "announces_known_keys",
                "announces the second generation once more, which the reader knows",
                &self.cast.inside,
                KeyNotice { from: 1, known: 1, next },
                reading(On::Package, &["inside", "inside-2"], &[]),
            ),
            (
                "second_generation",
                "signed by the second generation, which counts from this sequence on; knows the reader's second",
                &self.cast.inside_2,
                KeyNotice { from: NUMBER, known: 2, next: None },
                reading(On::Package, &["inside", "inside-2"], &[]),
            ),
            (
                "before_the_switch",
                "signed by the first generation at the last sequence for which it counts; late, because the second is known to count",
                &self.cast.inside,
                KeyNotice { from: 1, known: 1, next: None },
                reading(On::Package, &["inside", "inside-2"], &[("switched", "inside", 2, NUMBER + 1)]),
            ),
            (
                "before_the_revocation",
                "signed by keys that are revoked from the next sequence on",
                &self.cast.inside,
                KeyNotice { from: 1, known: 1, next: None },
                reading(On::Package, &["inside", "inside-2"], &[("revoked", "inside", 1, NUMBER + 1)]),
            ),
        ] {
            let mut package = self.package(what, signer, keys);
            package.manifest.incarnation = noise_array("incarnation/inside, another");
            let sealed = package.draft().seal();
            let expected =
                describe::package(&sealed.opened, &package.manifest, &package.logical, &package.facts(), &package.possession_key(), &package.state());
            let bytes = Contents::File(sealed.file);
            self.to.add(Fixture { page: "package", code: "00", what: what.into(), extension: "gfp", says: says.into(), reading, bytes }, Some(&expected));
        }
    }

    fn good_receipts(&mut self) {
        let next = Some(self.cast.outside_2.announced());
        let apart = |first: u64| (0..16).map(|place| Range { first: place * 4 + first, last: place * 4 + first }).collect::<Vec<_>>();
        let mut full = self.receipt(KeyNotice { from: 1, known: 2, next: next.clone() });
        full.form = Form::Full(Vec::new());
        let mut digest = empty(self.cast, NUMBER, 1000, noise_array("keys/package"));
        digest.keys = full.keys.clone();
        digest.missing = apart(1);
        digest.form = Form::Digest { answered: apart(3), digest: noise_array("keys/digest"), exceptions: Vec::new() };
        let switched = self.receipt(KeyNotice { from: 7, known: 1, next: None });
        for (what, says, signer, receipt, reading) in [
            ("announces_keys", "announces the second generation of its zone's keys", &self.cast.outside, full, reading(On::Receipt, &["outside"], &[])),
            (
                "announces_keys_in_digest_form",
                "the digest form with 16 ranges answered and 16 missing, and announced keys",
                &self.cast.outside,
                digest,
                reading(On::Receipt, &["outside"], &[]),
            ),
            (
                "second_generation",
                "signed by the second generation, which is known to count from number 7 on",
                &self.cast.outside_2,
                switched,
                reading(On::Receipt, &["outside", "outside-2"], &[("switched", "outside", 2, 7)]),
            ),
        ] {
            let mut draft = draft(self.cast, &format!("receipt/{what}"), &receipt);
            draft.signer = signer;
            let sealed = draft.seal();
            assert!(!matches!(receipt.form, Form::Digest { .. }) || sealed.file.len() <= 4072, "{} bytes", sealed.file.len());
            let expected = describe::receipt(&sealed.opened, &receipt, None);
            let bytes = Contents::File(sealed.file);
            self.to.add(Fixture { page: "receipt", code: "00", what: what.into(), extension: "gfr", says: says.into(), reading, bytes }, Some(&expected));
        }
    }

    fn trusted(on: On) -> [&'static str; 2] {
        if on == On::Package { ["inside", "inside-2"] } else { ["outside", "outside-2"] }
    }

    fn revoked(&mut self, on: On) {
        let codes = ("PKG-16", "RCT-09");
        let (first, second) = self.signers(on);
        let trusted = Self::trusted(on);
        for (what, says, from) in
            [("at_the_cut", "the first number at which these keys are revoked", NUMBER), ("at_all", "these keys are revoked from the start", 1)]
        {
            let reading = reading(on, &trusted, &[("revoked", trusted[0], 1, from)]);
            self.bad(on, codes, &format!("revoked_{what}"), says, reading, first, KeyNotice { from: 1, known: 1, next: None });
        }
        let reading = reading(on, &trusted, &[("revoked", trusted[1], 2, 1)]);
        self.bad(on, codes, "second_revoked", "the second generation is revoked", reading, second, KeyNotice { from: 2, known: 1, next: None });
    }

    fn out_of_turn(&mut self, on: On) {
        let codes = ("PKG-17", "RCT-10");
        let (first, second) = self.signers(on);
        let trusted = Self::trusted(on);
        let switched = |from: u64| reading(on, &trusted, &[("switched", trusted[1], 2, from)]);
        let plain = |from: u64| KeyNotice { from, known: 1, next: None };
        self.bad(
            on,
            codes,
            "old_keys_after_the_switch",
            "signed by the first generation at the number from which the second counts",
            switched(NUMBER),
            first,
            plain(1),
        );
        self.bad(
            on,
            codes,
            "new_keys_before_the_switch",
            "signed by the second generation, which is known to count from a later number",
            switched(NUMBER + 1),
            second,
            plain(1),
        );
        self.bad(on, codes, "another_switch", "says another number from which the second generation counts than is known", switched(7), second, plain(8));
        let reading = reading(on, &trusted, &[("switched", trusted[0], 1, 9)]);
        self.bad(on, codes, "counts_before_the_first", "the second generation would count from before the first did", reading, second, plain(9));
    }

    fn announced(&mut self, on: On) {
        let codes = ("PKG-18", "RCT-11");
        let (first, second) = self.signers(on);
        let trusted = Self::trusted(on);
        let right = second.announced();
        let mut no_point = [0; 32];
        no_point[0] = 2;
        let mut unreduced = right.seal.clone();
        unreduced[0] = 0xff;
        unreduced[1] |= 0x0f;
        let stranger = Zone::new(&format!("{}/stranger", first.name), first.role);
        let cases = [
            ("proof_altered", "one bit of the proof differs", NextKeys { proof: flipped(right.proof), ..right.clone() }),
            ("proven_by_the_old_key", "the old key made the proof, not the new one", NextKeys { proof: first.proof(&second.claim()), ..right.clone() }),
            ("sign_no_point", "the signing key is no point of the curve", NextKeys { sign: no_point, ..right.clone() }),
            ("seal_unreduced", "the sealing key is not reduced", NextKeys { seal: unreduced, ..right.clone() }),
            ("generation_skipped", "the generation after the next", NextKeys { generation: 3, ..second.next().announced() }),
            ("of_another_zone", "keys whose card is that of another zone", stranger.next().announced()),
        ];
        for (what, says, next) in cases {
            self.bad(on, codes, what, says, reading(on, &trusted[..1], &[]), first, KeyNotice { from: 1, known: 1, next: Some(next) });
        }
        let known = reading(on, &trusted, &[]);
        let twin = Zone { sign: stranger.sign.clone(), ..second.clone() };
        let keys = KeyNotice { from: 1, known: 1, next: Some(twin.announced()) };
        self.bad(on, codes, "others_are_known", "a second generation that is well proven, where another one is known", known, first, keys);
        let codes = ("PKG-03", "RCT-03");
        for (what, says, keys) in [
            ("keys_from_zero", "numbers start at 1", KeyNotice { from: 0, known: 1, next: None }),
            ("keys_from_the_future", "signed by keys that count from the next number on", KeyNotice { from: NUMBER + 1, known: 1, next: None }),
            ("knows_generation_zero", "generations start at 1", KeyNotice { from: 1, known: 0, next: None }),
            ("knows_past_the_limit", "generation 1025", KeyNotice { from: 1, known: 1025, next: None }),
            (
                "announces_the_first",
                "the first generation is no next one",
                KeyNotice { from: 1, known: 1, next: Some(NextKeys { generation: 1, ..right.clone() }) },
            ),
            ("announces_past_the_limit", "generation 1025", KeyNotice { from: 1, known: 1, next: Some(NextKeys { generation: 1025, ..right.clone() }) }),
        ] {
            self.bad(on, codes, what, says, reading(on, &trusted[..1], &[]), first, keys);
        }
        if on == On::Receipt {
            let apart = |count: u64| (0..count).map(|place| Range { first: place * 4 + 1, last: place * 4 + 1 }).collect::<Vec<_>>();
            for (what, answered, missing) in [("17_ranges_answered", 17, 0), ("17_ranges_missing", 0, 17)] {
                let mut receipt = empty(self.cast, NUMBER, 1000, noise_array("keys/package"));
                receipt.keys.next = Some(right.clone());
                receipt.missing = apart(missing);
                receipt.form = Form::Digest { answered: apart(answered), digest: noise_array("keys/digest"), exceptions: Vec::new() };
                let what = format!("announces_and_{what}");
                let bytes = Contents::File(draft(self.cast, &format!("receipt/RCT-07/{what}"), &receipt).seal().file);
                let (says, reading) = ("one range more than the form holds beside announced keys".into(), reading(on, &trusted[..1], &[]));
                self.to.add(Fixture { page: "receipt", code: "RCT-07", what, extension: "gfr", says, reading, bytes }, None);
            }
        }
    }

    fn unknown(&mut self, on: On) {
        let (first, second) = self.signers(on);
        let trusted = Self::trusted(on);
        let codes = ("ENV-19", "ENV-19");
        let plain = KeyNotice { from: 1, known: 1, next: None };
        let mut only = |what: &str, says: &str, trusted: &[&str], signer| self.bad(on, codes, what, says, reading(on, trusted, &[]), signer, plain.clone());
        only("later_keys", "signed by the second generation of a zone of which only the first is known", &trusted[..1], second);
        only("earlier_keys", "signed by the first generation of a zone of which only the second is known", &trusted[1..], first);
    }

    fn labels(&mut self) {
        let label = label_vectors::label(self.cast);
        for (code, what, says, trusted) in [
            ("00", "second_generation", "made with the second generation of its maker's keys", &["inside", "inside-2"][..]),
            ("ENV-19", "label_later_keys", "made with the second generation, of which only the first is known", &["inside"]),
        ] {
            let mut draft = label_vectors::draft(self.cast, &format!("label/{what}"), &encode::label(&label));
            draft.signer = &self.cast.inside_2;
            let sealed = draft.seal();
            let mut reading = label_vectors::reading("outside");
            reading["trusted"] = json!(trusted);
            let page = if code == "00" { "label" } else { "envelope" };
            let expected = (code == "00").then(|| describe::label(&sealed.opened, &label));
            let bytes = Contents::File(sealed.file);
            self.to.add(Fixture { page, code, what: what.into(), extension: "gfl", says: says.into(), reading, bytes }, expected.as_ref());
        }
    }
}

fn flipped(mut proof: [u8; 64]) -> [u8; 64] {
    proof[40] ^= 1;
    proof
}
