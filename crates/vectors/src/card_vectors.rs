//! Cards, good and bad (spec/card.md), and the folder of keys.

use crate::describe;
use crate::fixture::{Collection, Contents, Fixture};
use crate::primitive::{hex, noise};
use crate::zone::{Cast, Zone, claim};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Writes `keys/`: the cards of the cast and their secrets.
pub(crate) fn keys(cast: &Cast, to: &mut Collection) {
    let mut text = String::from(
        "# Keys of the zones in the fixtures. They are published: never use them for anything else.\n\
         # One zone per paragraph, one field per line, bytes in hex. A name with a number is a later generation of a zone's keys.\n\
         # sign-seed: Ed25519 seed (RFC 8032 secret key), 32 bytes. seal-seed: X-Wing secret key, 32 bytes.\n\
         # The public keys are in <zone>.card beside this file.\n",
    );
    for zone in cast.all() {
        text.push_str(&format!(
            "\nzone: {}\nrole: {}\nsign-seed: {}\nseal-seed: {}\nzone-id: {}\nfingerprint: {}\n",
            zone.label(),
            zone.role,
            hex(zone.sign.as_bytes()),
            hex(&zone.seal_secret),
            hex(&zone.id()),
            zone.fingerprint()
        ));
        to.file(&format!("keys/{}.card", zone.label()), zone.card().into_bytes());
    }
    to.file("keys/keys.txt", text.into_bytes());
}

/// Collects the cards.
pub(crate) fn collect(cast: &Cast, to: &mut Collection) {
    let longest = Zone::new(&"n".repeat(64), "replica");
    let oddest = Zone::new("0.x_-", "source");
    let typed = cast.inside.fingerprint().to_uppercase().replace('-', " ");
    for (what, says, zone, fingerprint) in [
        ("source", "a source; its fingerprint typed in capitals with spaces", &cast.inside, Some(typed)),
        ("replica", "a replica", &cast.outside, Some(cast.outside.fingerprint())),
        (
            "second_generation",
            "the second generation of a zone's keys: the id of the zone is in it, the fingerprint is its own",
            &cast.inside_2,
            Some(cast.inside_2.fingerprint()),
        ),
        ("limit_name", "a name of 64 bytes", &longest, None),
        ("name_of_every_kind", "a digit first, then each of the other characters", &oddest, None),
    ] {
        let proof = zone.proof(&zone.claim());
        let expected = describe::card(
            &zone.name,
            zone.role,
            zone.generation,
            zone.sign.verifying_key().as_bytes(),
            &zone.seal_public,
            &proof,
            &zone.id(),
            &zone.fingerprint(),
        );
        let bytes = Contents::File(zone.card().into_bytes());
        let reading = reading(fingerprint.as_deref());
        to.add(Fixture { page: "card", code: "00", what: what.into(), extension: "card", says: says.into(), reading, bytes }, Some(&expected));
    }
    let mut bad = Bad { zone: &cast.inside, to };
    bad.lines();
    bad.fields();
    bad.keys(cast);
    bad.later(cast);
    bad.keep(
        "CRD-09",
        "first_card",
        "the fingerprint typed is that of the zone's first card",
        cast.inside_2.card().into_bytes(),
        Some(&cast.inside.fingerprint()),
    );
    bad.keep("CRD-09", "other_zone", "the fingerprint typed is that of another zone", cast.inside.card().into_bytes(), Some(&cast.stranger.fingerprint()));
    let fingerprint = cast.inside.fingerprint();
    bad.keep("CRD-09", "one_digit_short", "the last digit was not typed", cast.inside.card().into_bytes(), Some(&fingerprint[..48]));
}

fn reading(fingerprint: Option<&str>) -> Value {
    json!({"kind": "card", "fingerprint": fingerprint})
}

struct Bad<'c, 'f> {
    zone: &'c Zone,
    to: &'f mut Collection,
}

impl Bad<'_, '_> {
    fn keep(&mut self, code: &'static str, what: &str, says: &str, bytes: Vec<u8>, fingerprint: Option<&str>) {
        let bytes = Contents::File(bytes);
        let reading = reading(fingerprint);
        self.to.add(Fixture { page: "card", code, what: what.into(), extension: "card", says: says.into(), reading, bytes }, None);
    }

    /// A card over a claim, with the proof that belongs to it.
    fn claimed(&mut self, code: &'static str, what: &str, says: &str, claim: &str) {
        let card = format!("{claim}proof: {}\n", STANDARD.encode(self.zone.proof(claim)));
        self.keep(code, what, says, card.into_bytes(), None);
    }

    /// Later cards, each proven by the key in it.
    fn later(&mut self, cast: &Cast) {
        let second = &cast.inside_2;
        let claim = second.claim();
        let mut claimed = |code, what: &str, says: &str, claim: &str| {
            let card = format!("{claim}proof: {}\n", STANDARD.encode(second.proof(claim)));
            self.keep(code, what, says, card.into_bytes(), None);
        };
        for (what, generation) in [("0", "0"), ("1", "1"), ("past_the_limit", "1025"), ("huge", "4294967298"), ("empty", ""), ("word", "two")] {
            let claim = claim.replace("generation: 2", &format!("generation: {generation}"));
            claimed("CRD-10", &format!("generation_{what}"), "not a generation of a later card", &claim);
        }
        let first = hex(&cast.inside.id());
        for (what, other) in [("short", &first[..62]), ("capitals", &first.to_uppercase()), ("empty", "")] {
            claimed("CRD-10", &format!("first_{what}"), "not the id of a zone", &claim.replace(&first, other));
        }
        claimed("CRD-08", "generation_leading_zero", "the generation has another form of the same number", &claim.replace("generation: 2", "generation: 02"));
        let without = claim.replace(&format!("first: {first}\n"), "");
        claimed("CRD-02", "later_without_first", "a later card that does not name its zone", &without);
        let without = claim.replace("generation: 2\n", "");
        claimed("CRD-02", "first_without_generation", "a zone id in a card that has no generation", &without);
        let swapped = claim.replace(&format!("generation: 2\nfirst: {first}\n"), &format!("first: {first}\ngeneration: 2\n"));
        claimed("CRD-02", "later_swapped", "generation and zone id in the other order", &swapped);
        let before = cast.inside.proof(&claim);
        let card = format!("{claim}proof: {}\n", STANDARD.encode(before));
        self.keep("CRD-07", "proven_by_the_first_key", "a later card that the first key proves, not its own", card.into_bytes(), None);
    }

    fn lines(&mut self) {
        let claim = self.zone.claim();
        let card = self.zone.card();
        let lines: Vec<&str> = card.split_inclusive('\n').collect();
        self.claimed("CRD-01", "version_2", "a card of version 2", &claim.replace("card 1", "card 2"));
        self.claimed("CRD-01", "other_text", "not a card", &claim.replace("gapferry card 1", "gapferry label 1"));
        self.keep("CRD-01", "empty", "no bytes", Vec::new(), None);
        self.keep("CRD-01", "byte_order_mark", "a byte order mark before the first line", [&b"\xef\xbb\xbf"[..], card.as_bytes()].concat(), None);
        self.keep("CRD-01", "carriage_returns", "lines end in CR LF", card.replace('\n', "\r\n").into_bytes(), None);
        for (place, name) in ["zone", "role", "suite", "sign", "seal"].into_iter().enumerate() {
            let without = lines.iter().enumerate().filter(|(line, _)| *line != place + 1 && *line != 6).map(|(_, line)| *line).collect::<String>();
            self.claimed("CRD-02", &format!("without_{name}"), "a line is missing", &without);
        }
        self.keep("CRD-02", "without_proof", "the last line is missing", claim.clone().into_bytes(), None);
        let swapped = [lines[0], lines[2], lines[1], lines[3], lines[4], lines[5]].concat();
        self.claimed("CRD-02", "swapped", "two lines in the other order", &swapped);
        self.claimed("CRD-02", "without_space", "no space after a label", &claim.replace("zone: ", "zone:"));
        self.claimed("CRD-02", "capital_label", "a label in capitals", &claim.replace("role: ", "Role: "));
        let name_at = "gapferry card 1\nzone: ".len();
        let mut invalid = card.clone().into_bytes();
        invalid[name_at] = 0xff;
        self.keep("CRD-02", "not_utf8", "not UTF-8", invalid, None);
        let long = format!("{card}{}", "\n".repeat(2954 - card.len()));
        self.keep("CRD-02", "2954_bytes", "longer than any card", long.into_bytes(), None);
        self.keep("CRD-08", "trailing_line_feed", "an empty line after the last one", format!("{card}\n").into_bytes(), None);
        self.keep("CRD-08", "trailing_line", "an eighth line", format!("{card}note: hello\n").into_bytes(), None);
        self.keep("CRD-08", "trailing_byte", "a byte after the last line", format!("{card}x").into_bytes(), None);
        self.keep("CRD-08", "no_last_line_feed", "the last line does not end in a line feed", card.trim_end().as_bytes().to_vec(), None);
        self.keep(
            "CRD-08",
            "2953_bytes",
            "as long as a card may be, but more than its seven lines",
            format!("{card}{}", "\n".repeat(2953 - card.len())).into_bytes(),
            None,
        );
    }

    fn fields(&mut self) {
        let claim = self.zone.claim();
        let long = "n".repeat(65);
        for (what, name) in [
            ("empty", ""),
            ("capital", "Inside"),
            ("leading_dash", "-inside"),
            ("space", "in side"),
            ("trailing_space", "inside "),
            ("chinese", "县"),
            ("65_bytes", &long),
        ] {
            self.claimed("CRD-03", what, "not a name", &claim.replace("zone: inside", &format!("zone: {name}")));
        }
        for (what, role) in [("both", "both"), ("empty", ""), ("capital", "Source")] {
            self.claimed("CRD-04", what, "neither source nor replica", &claim.replace("role: source", &format!("role: {role}")));
        }
        for (what, suite) in [("2", "2"), ("empty", ""), ("leading_zero", "01")] {
            self.claimed("CRD-05", &format!("suite_{what}"), "not suite 1", &claim.replace("suite: 1", &format!("suite: {suite}")));
        }
    }

    fn keys(&mut self, cast: &Cast) {
        let (zone, inside) = (self.zone.clone(), self.zone.claim());
        let sign = *zone.sign.verifying_key().as_bytes();
        let of = |sign: &[u8], seal: &[u8]| claim(&zone.name, zone.role, "1", sign, seal);
        self.claimed("CRD-06", "sign_31_bytes", "a signing key of 31 bytes", &of(&sign[..31], &zone.seal_public));
        self.claimed("CRD-06", "sign_33_bytes", "a signing key of 33 bytes", &of(&[&sign[..], &[0]].concat(), &zone.seal_public));
        let mut no_point = [0; 32];
        no_point[0] = 2;
        self.claimed("CRD-06", "sign_no_point", "y = 2 is not on the curve", &of(&no_point, &zone.seal_public));
        let mut identity = [0; 32];
        identity[0] = 1;
        self.claimed("CRD-06", "sign_small_order", "the neutral element, for which anybody can sign", &of(&identity, &zone.seal_public));
        self.claimed("CRD-06", "seal_1215_bytes", "a sealing key of 1215 bytes", &of(&sign, &zone.seal_public[..1215]));
        let mut unreduced = zone.seal_public.clone();
        unreduced[0] = 0xff;
        unreduced[1] |= 0x0f;
        self.claimed("CRD-06", "seal_unreduced", "the first coefficient of the ML-KEM key is 4095, not below 3329", &of(&sign, &unreduced));
        let mut small_order = zone.seal_public.clone();
        small_order[1184..].fill(0);
        self.claimed("CRD-06", "seal_small_order", "the X25519 half is zero: its shared secret with anybody is zero", &of(&sign, &small_order));
        // p + 1, and the bit that X25519 ignores.
        small_order[1184..].fill(0xff);
        small_order[1184] = 0xee;
        self.claimed("CRD-06", "seal_small_order_unreduced", "the X25519 half is 1, written in another way", &of(&sign, &small_order));
        self.claimed("CRD-06", "not_base64", "a character that base64 does not have", &inside.replace("seal: ", "seal: ?"));
        let unpadded = inside.replace("=\nseal", "\nseal");
        self.claimed("CRD-06", "not_padded", "base64 without its padding", &unpadded);
        let encoded = STANDARD.encode(sign);
        let last = encoded.as_bytes()[42];
        // The last character carries four bits and two that must be zero.
        let spoilt = format!("{}{}=", &encoded[..42], next_base64(last));
        self.claimed("CRD-06", "unused_bits", "bits behind the last byte are not zero", &inside.replace(&encoded, &spoilt));
        let proof = self.zone.proof(&inside);
        self.keep("CRD-06", "proof_63_bytes", "a proof of 63 bytes", format!("{inside}proof: {}\n", STANDARD.encode(&proof[..63])).into_bytes(), None);

        let mut flipped = proof;
        flipped[40] ^= 1;
        self.keep("CRD-07", "bit_flipped", "one bit of the proof differs", format!("{inside}proof: {}\n", STANDARD.encode(flipped)).into_bytes(), None);
        let foreign = cast.stranger.proof(&inside);
        self.keep("CRD-07", "other_key", "proven by another zone's key", format!("{inside}proof: {}\n", STANDARD.encode(foreign)).into_bytes(), None);
        let renamed = inside.replace("zone: inside", "zone: inside2");
        self.keep("CRD-07", "renamed", "the proof was made for another name", format!("{renamed}proof: {}\n", STANDARD.encode(proof)).into_bytes(), None);
        let large = crate::envelope_bad::add_group_order(&proof);
        self.keep(
            "CRD-07",
            "scalar_not_reduced",
            "S is not below the order of the group",
            format!("{inside}proof: {}\n", STANDARD.encode(large)).into_bytes(),
            None,
        );
        let plain = {
            use ed25519_dalek::Signer;
            zone.sign.sign(inside.as_bytes()).to_bytes()
        };
        self.keep(
            "CRD-07",
            "text_signed_itself",
            "the lines are signed, not their derived digest",
            format!("{inside}proof: {}\n", STANDARD.encode(plain)).into_bytes(),
            None,
        );
        let mut random = [0; 64];
        random.copy_from_slice(&noise("card/random proof", 64));
        random[63] &= 0x0f;
        self.keep("CRD-07", "random", "no signature at all", format!("{inside}proof: {}\n", STANDARD.encode(random)).into_bytes(), None);
    }
}

/// The next character of the base64 alphabet: one unused bit more.
fn next_base64(character: u8) -> char {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let place = alphabet.bytes().position(|known| known == character).expect("it is base64");
    char::from(alphabet.as_bytes()[place + 1])
}
