//! What looks like an archive being encrypted, and what does not. FAULTS S06.

use super::*;
use alloc::vec;

const PLAIN: Shape = Shape::Plain;
const KNOWN: Shape = Shape::Known;
const OPAQUE: Shape = Shape::Opaque;
const UNKNOWN: Shape = Shape::Unknown;

/// Name, what it was, what it becomes: a shape, and a digest of so many times one byte.
type Told = (&'static str, Option<(Shape, u8)>, Option<(Shape, u8)>);

fn suspected(told: &[Told]) -> Vec<&'static str> {
    let content = |(shape, digest): (Shape, u8)| Content { digest: (digest > 0).then_some(Digest([digest; 32])), shape };
    let change = |(item, (name, before, after)): (u32, &Told)| Change { item, id: name.as_bytes(), before: before.map(content), after: after.map(content) };
    let changes: Vec<Change<'_>> = (0u32..).zip(told).map(change).collect();
    suspects(&changes).into_iter().map(|item| told[item as usize].0).collect()
}

#[test]
fn what_looks_encrypted() {
    let cases: [(&str, Vec<Told>, Vec<&str>); 20] = [
        ("nothing", vec![], vec![]),
        ("a text becomes opaque", vec![("a", Some((PLAIN, 1)), Some((OPAQUE, 2)))], vec!["a"]),
        ("a picture becomes opaque", vec![("a", Some((KNOWN, 1)), Some((OPAQUE, 2)))], vec!["a"]),
        ("it is not read whole yet", vec![("a", Some((KNOWN, 1)), Some((OPAQUE, 0)))], vec!["a"]),
        ("what was opaque stays so", vec![("a", Some((OPAQUE, 1)), Some((OPAQUE, 2)))], vec![]),
        ("nobody knows what it was", vec![("a", Some((UNKNOWN, 1)), Some((OPAQUE, 2)))], vec![]),
        ("ordinary changes", vec![("a", Some((PLAIN, 1)), Some((PLAIN, 2))), ("b", Some((PLAIN, 1)), Some((KNOWN, 2)))], vec![]),
        ("it is decrypted again", vec![("a", Some((OPAQUE, 1)), Some((KNOWN, 2)))], vec![]),
        ("deleted, and an opaque one beside it", vec![("d/a.pdf", Some((KNOWN, 1)), None), ("d/x", None, Some((OPAQUE, 0)))], vec!["d/x"]),
        ("with an extension", vec![("a.pdf", Some((KNOWN, 1)), None), ("a.pdf.locked", None, Some((OPAQUE, 2)))], vec!["a.pdf.locked"]),
        ("an opaque one in another folder", vec![("d/a", Some((KNOWN, 1)), None), ("e/a", None, Some((OPAQUE, 2)))], vec![]),
        ("no more than were deleted", vec![("a", Some((PLAIN, 1)), None), ("x", None, Some((OPAQUE, 2))), ("y", None, Some((OPAQUE, 3)))], vec!["x"]),
        ("an opaque one was deleted", vec![("a", Some((OPAQUE, 1)), None), ("x", None, Some((OPAQUE, 2)))], vec![]),
        ("compressed", vec![("a.log", Some((PLAIN, 1)), None), ("a.log.gz", None, Some((KNOWN, 2)))], vec![]),
        ("only added", vec![("a", None, Some((OPAQUE, 1)))], vec![]),
        ("only deleted", vec![("a", Some((PLAIN, 1)), None)], vec![]),
        ("renamed", vec![("a", Some((PLAIN, 1)), None), ("b", None, Some((PLAIN, 1)))], vec![]),
        ("renamed by an extension", vec![("d/a.pdf", Some((PLAIN, 1)), None), ("d/a.pdf.x", None, Some((PLAIN, 1)))], vec!["d/a.pdf.x"]),
        ("by two", vec![("a", Some((PLAIN, 1)), None), ("a.b.c", None, Some((PLAIN, 1)))], vec!["a.b.c"]),
        // What is renamed is no deletion that an opaque newcomer would stand for; a name that begins with a dot did not grow.
        ("renames beside newcomers", vec![("a", Some((PLAIN, 1)), None), ("b", None, Some((PLAIN, 1))), (".x", None, Some((OPAQUE, 2)))], vec![]),
    ];
    for (what, told, expected) in cases {
        assert_eq!(suspected(&told), expected, "{what}");
    }
}

#[test]
fn shorter_names_are_those_before_a_dot() {
    for (name, shorter) in
        [("a.b.c", vec!["a", "a.b"]), ("d.d/a", vec![]), ("d.d/a.b", vec!["d.d/a"]), (".a", vec![]), ("d/.a", vec![]), ("a.", vec!["a"]), ("", vec![])]
    {
        let found: Vec<&str> = shorter_names(name.as_bytes()).map(|name| core::str::from_utf8(name).unwrap()).collect();
        assert_eq!(found, shorter, "{name}");
    }
    assert_eq!((folder(b"a/b/c"), folder(b"a")), (&b"a/b"[..], &b""[..]));
}
