//! Packages joined, and their parts crossed: header, wrapped keys and frames of four packages in every combination.

use super::judged::Verdict;
use super::subjects::inspecting;
use super::{expect_little_memory, fixture};
use std::collections::BTreeMap;
use wire::header::Header;

/// Packages for one replica, of one route, some of one length and some of several frames.
const FOUR: [&str; 4] =
    ["package/good/00_after_a_gap.gfp", "package/good/00_raw_body.gfp", "package/good/00_everything.gfp", "envelope/good/00_two_frames.gfp"];
const FRAME: usize = 131_072 + 16;

/// The parts of a package: fields of the header, each wrapped key, each frame.
fn parts(file: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let (header, frames) = file.split_at(Header::length(usize::from(file[11])));
    let mut parts = vec![("start", header[..16].to_vec()), ("id", header[16..32].to_vec())];
    parts.extend([("length", header[32..40].to_vec()), ("commitment", header[40..72].to_vec())]);
    parts.extend(header[72..].chunks(1168).map(|slot| ("wrapped key", slot.to_vec())));
    parts.extend(frames.chunks(FRAME).map(|frame| ("frame", frame.to_vec())));
    parts
}

/// FAULTS P03, P04, P05, P11
#[test]
fn parts_of_four_packages() {
    let files = FOUR.map(fixture);
    let mut judge = inspecting("outside", "file.gfp")();
    files.iter().for_each(|file| assert_eq!(judge(file), Ok(()), "each is accepted as it is"));
    let mut spoilt: Vec<(String, Vec<u8>)> = Vec::new();
    for (one, file) in files.iter().enumerate() {
        for (two, other) in files.iter().enumerate() {
            spoilt.push((format!("{one} joined with {two}"), [file.as_slice(), other].concat()));
            let (ours, theirs) = (parts(file), parts(other));
            for (place, (kind, part)) in ours.iter().enumerate() {
                for (from, (other_kind, put)) in theirs.iter().enumerate() {
                    if kind != other_kind || part == put {
                        continue;
                    }
                    let mut crossed = ours.clone();
                    crossed[place].1.clone_from(put);
                    spoilt.push((format!("{kind} {from} of {two} at {place} of {one}"), crossed.into_iter().flat_map(|(_, bytes)| bytes).collect()));
                }
            }
            // Everything from some place on is the other's.
            for cut in 1..ours.len().min(theirs.len()) {
                if one != two {
                    let joined = ours[..cut].iter().chain(&theirs[cut..]).flat_map(|(_, bytes)| bytes.clone()).collect();
                    spoilt.push((format!("{one} up to part {cut}, then {two}"), joined));
                }
            }
        }
        let ours = parts(file);
        let built = |order: &[usize]| order.iter().flat_map(|place| ours[*place].1.clone()).collect::<Vec<u8>>();
        let order: Vec<usize> = (0..ours.len()).collect();
        for place in 0..ours.len() {
            let (mut without, mut doubled) = (order.clone(), order.clone());
            without.remove(place);
            doubled.insert(place, place);
            spoilt.push((format!("{one} without part {place}"), built(&without)));
            spoilt.push((format!("{one} with part {place} twice"), built(&doubled)));
            for later in place + 1..ours.len() {
                if ours[place].1 != ours[later].1 {
                    let mut swapped = order.clone();
                    swapped.swap(place, later);
                    spoilt.push((format!("{one} with parts {place} and {later} swapped"), built(&swapped)));
                }
            }
        }
    }
    spoilt.retain(|(_, bytes)| !files.contains(bytes));
    let mut codes: BTreeMap<String, u64> = BTreeMap::new();
    for (what, bytes) in &spoilt {
        let verdict: Verdict = judge(bytes);
        *codes.entry(verdict.expect_err(what)).or_default() += 1;
    }
    println!("{} crossings of four packages; refused with {codes:?}; 0 accepted", spoilt.len());
    assert!(spoilt.len() > 200, "{}", spoilt.len());
    expect_little_memory("crossed");
}
