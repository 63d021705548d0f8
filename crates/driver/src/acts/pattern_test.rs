//! Tables of patterns, and the library for plain globs as an oracle where its meaning is ours.

use super::*;

fn matched(pattern: &str, path: &[u8]) -> bool {
    patterns(&[pattern.to_owned()]).unwrap().is_match(&ItemId(path.to_vec()))
}

#[test]
fn what_patterns_mean() {
    for (pattern, path, expected) in [
        ("a", "a", true),
        ("a", "b/a", false),
        ("a", "ab", false),
        ("*", "a", true),
        ("*", "a/b", false),
        ("*.json", "卡片.json", true),
        ("*/*.json", "村 一/卡片 01.json", true),
        ("?.json", "卡.json", true),
        ("?.json", "卡片.json", false),
        ("[一-鿿].json", "卡.json", true),
        ("[!卡].json", "卡.json", false),
        ("[!卡].json", "片.json", true),
        ("[]]", "]", true),
        ("[a-]", "-", true),
        ("a[!b]c", "a/c", false),
        ("a?c", "a/c", false),
        ("**", "a/b/c", true),
        ("a/**", "a/b/c", true),
        ("a/**", "a", false),
        ("a/**", "ab/c", false),
        ("**/c", "c", true),
        ("**/c", "a/b/c", true),
        ("**/c", "a/bc", false),
        ("a/**/c", "a/c", true),
        ("a/**/c", "a/b/b/c", true),
        ("a/**/c", "ac", false),
        ("a/**/**/c", "a/b/c", true),
        ("**.png", "scans/1.png", true),
        ("sc**/1", "scans/deep/1", true),
        ("{a,b/{c,d}}.x", "b/d.x", true),
        ("{a,b/{c,d}}.x", "b/a.x", false),
        ("{,a}b", "b", true),
        ("[{]a", "{a", true),
        ("a}", "a}", true),
        ("a,b", "a,b", true),
        ("\\*", "*", true),
        ("\\*", "a", false),
        ("\\[1\\]", "[1]", true),
        ("a\\\\b", "a\\b", true),
        // A name that looks like a pattern is matched by itself.
        ("scan [1].png", "scan [1].png", true),
        ("scan [1].png", "scan 1.png", true),
        ("a*", "a*", true),
        // What nothing closes is itself.
        ("scan [1", "scan [1", true),
        ("scan [*", "scan [1", true),
        ("{a,b", "{a,b", true),
        ("{a,b", "a", false),
        ("a{[}b]", "a{}", true),
    ] {
        assert_eq!(matched(pattern, path.as_bytes()), expected, "{pattern} {path}");
    }
}

#[test]
fn bytes_that_are_no_characters() {
    for (pattern, path, expected) in [
        ("\\xff", &b"\xff"[..], true),
        ("\\xff", b"\xfe", false),
        ("a?", b"a\xff", true),
        ("a??", b"a\xff\xfe", true),
        ("*\\xfe", b"a\xff\xfe", true),
        ("[\\xf0-\\xff]", b"\xf7", true),
        ("[\\xf0-\\xff]", b"\x80", false),
        ("\\xe5\\x8d\\xa1?", "卡片".as_bytes(), true),
        ("\\x1b*", b"\x1b[2J", true),
        // Bytes that make a character only together are none of it, whatever stands before them.
        ("**/{\\xe5,}\\x8d\\xa1", "卡".as_bytes(), false),
        ("**/{\\xe5,}\\x8d\\xa1", b"a/\x8d\xa1", true),
        ("*\\x8d\\xa1", "卡".as_bytes(), false),
        ("\\x2a", b"*", true),
        ("\\x2a", b"a", false),
    ] {
        assert_eq!(matched(pattern, path), expected, "{pattern} {path:?}");
    }
}

#[test]
fn an_item_matches_as_it_is_printed() {
    for path in [&b"a b"[..], b"\xff\xfe/\x80", b"a\\x41", b"[1]{2}*?\\", "\u{202e}\u{7f}".as_bytes(), b"a,b!c", b"{"] {
        let printed = ItemId(path.to_vec()).to_string();
        assert!(patterns(std::slice::from_ref(&printed)).unwrap().is_match(&ItemId(path.to_vec())), "{printed}");
    }
}

#[test]
fn malformed_patterns_are_refused() {
    for pattern in ["a\\", "\\x", "\\x1", "\\xzz", "\\x+1"] {
        let failure = patterns(&[pattern.to_owned()]).unwrap_err();
        assert_eq!((failure.0.code, failure.0.subject.as_str()), ("USE-01", pattern));
    }
    assert!(patterns(&["{a,b}".repeat(10)]).is_ok(), "1024 alternatives");
    assert!(patterns(&["{a,b}".repeat(10) + "{a,b,c}"]).is_err());
}

#[test]
fn none_match_nothing_and_several_match_each() {
    assert!(!patterns(&[]).unwrap().is_match(&ItemId(b"a".to_vec())));
    let two = patterns(&["a".into(), "b*".into()]).unwrap();
    for (path, expected) in [("a", true), ("b1", true), ("c", false)] {
        assert_eq!(two.is_match(&ItemId(path.into())), expected, "{path}");
    }
}

#[test]
fn a_pattern_of_many_stars_takes_no_time() {
    let pattern = "*a".repeat(200);
    assert!(!matched(&pattern, &[b"a".repeat(199), b"b".to_vec()].concat()));
    assert!(matched(&pattern, &b"a".repeat(400)));
}

/// All sequences of up to `length` of these pieces.
fn sequences(pieces: &[&str], length: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..length {
        last = last.iter().flat_map(|before| pieces.iter().map(move |piece| format!("{before}{piece}"))).collect();
        all.extend(last.iter().cloned());
    }
    all
}

#[test]
fn on_plain_text_it_agrees_with_the_library() {
    let paths: Vec<String> = sequences(&["a", "b", "/"], 5).into_iter().filter(|path| wire::name::check_path(path.as_bytes()).is_ok()).collect();
    let mut compared = 0;
    for pattern in sequences(&["a", "*", "?", "/", "[ab]", "{a,b/a}", "**/"], 4) {
        // The library gives `**/` its meaning only after `/`, takes it at the end for everything, and any other `**` for `*`.
        let tame = pattern.replace("**/", "\0");
        let whole = tame.match_indices('\0').all(|(at, _)| at == 0 || tame[..at].ends_with(['/', '\0']));
        if pattern.is_empty() || pattern.ends_with('/') || tame.contains("**") || !whole {
            continue;
        }
        let Some(glob) = globset::GlobBuilder::new(&pattern).literal_separator(true).build().ok() else { continue };
        let (library, ours) = (glob.compile_matcher(), patterns(std::slice::from_ref(&pattern)).unwrap());
        for path in &paths {
            assert_eq!(ours.is_match(&ItemId(path.clone().into_bytes())), library.is_match(path), "{pattern} {path}");
            compared += 1;
        }
    }
    assert!(compared > 100_000, "{compared}");
}
