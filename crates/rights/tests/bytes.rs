//! Records as bytes: what the reader refuses, at each limit and one past it, and the one form that is written.

use proptest::prelude::*;
use rights::json::{self, RECORD_BYTES_MAX, RECORD_DEPTH_MAX};
use serde_json::{Map, Value, json};

fn refused(bytes: &[u8]) -> (String, String) {
    let fault = json::read(bytes).expect_err("refused");
    (fault.code().to_owned(), fault.field)
}

#[test]
fn what_is_not_one_json_value_is_named() {
    for (bytes, code, field) in [
        (&b"\xef\xbb\xbf{}"[..], "REC-02", ""),
        (b"{\"a\":\"\xff\"}", "REC-01", ""),
        (b"{\"\xd6\xd0\xce\xc4\":1}", "REC-01", ""), // 中文 in GB18030
        (b"", "REC-03", ""),
        (b"{", "REC-03", ""),
        (b"{} {}", "REC-03", ""),
        (b"{'a':1}", "REC-03", ""),
        (b"{\"a\":\"\\ud800\"}", "REC-03", ""),
        (b"{\"a\":1,\"a\":2}", "REC-04", "a"),
        (b"{\"a\":1,\"\\u0061\":2}", "REC-04", "a"),
        (b"{\"a\":1,\"b\":2,\"a\":3}", "REC-04", "a"),
        (b"{\"b\":1,\"a\":2,\"c\":3,\"a\":4}", "REC-04", "a"),
        (b"{\"b\":1,\"a\":2,\"c\":3,\"c\":4}", "REC-04", "c"),
        (b"{\"b\":[{\"a\":[]},{\"c\":1,\"c\":1}]}", "REC-04", "b[1].c"),
        (b"{\"a\":1.0}", "REC-07", "a"),
        (b"{\"a\":[0,1e2]}", "REC-07", "a[1]"),
        (b"{\"a\":-0}", "REC-07", "a"),
        (b"{\"a\":NaN}", "REC-03", ""),
    ] {
        assert_eq!(refused(bytes), (code.to_owned(), field.to_owned()), "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn limits_hold_at_the_limit_and_not_one_past_it() {
    for (number, right) in [("9007199254740991", true), ("-9007199254740991", true), ("9007199254740992", false), ("-9007199254740992", false)] {
        assert_eq!(json::read(number.as_bytes()).is_ok(), right, "{number}");
    }
    assert_eq!(refused(b"99999999999999999999").0, "REC-07");
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
    assert!(json::read(&nested(RECORD_DEPTH_MAX)).is_ok());
    assert_eq!(refused(&nested(RECORD_DEPTH_MAX + 1)).0, "REC-05");
    assert_eq!(refused(&nested(100_000)).0, "REC-05");
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth)).into_bytes();
    assert!(json::read(&objects(RECORD_DEPTH_MAX)).is_ok());
    assert_eq!(refused(&objects(RECORD_DEPTH_MAX + 1)).0, "REC-05");
    let long = |bytes: usize| format!("\"{}\"", "a".repeat(bytes - 2)).into_bytes();
    assert!(json::read(&long(RECORD_BYTES_MAX)).is_ok());
    let fault = json::read(&long(RECORD_BYTES_MAX + 1)).unwrap_err();
    assert_eq!(fault.to_string(), "REC-06: the record is too large (limit 1048576)");
}

#[test]
fn the_limits_are_on_the_page() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/rights.md")).unwrap();
    assert!(page.contains(&format!("`RECORD_DEPTH_MAX` = {RECORD_DEPTH_MAX} ")) && page.contains("`RECORD_BYTES_MAX` = 1 MiB"));
    assert_eq!((RECORD_BYTES_MAX, rights::scalar::INTEGER_MAX), (1 << 20, (1 << 53) - 1));
    assert!(page.contains("at most 20,000 points") && rights::geometry::POINTS_MAX == 20_000);
}

#[test]
fn the_canonical_form_is_that_of_rfc_8785() {
    // Section 3.2.3: keys by UTF-16 code units, so that U+1F600 comes before U+FB33. Section 3.2.2.2: escapes.
    let value = json!({ "\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7 });
    assert_eq!(
        String::from_utf8(json::canonical(&value)).unwrap(),
        "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}"
    );
    let value = json!(["\u{20ac}$\u{f}\nA'B\"\\\"/\u{7f}\u{2028}\u{8}\u{c}\t", null, true, [], {}]);
    assert_eq!(String::from_utf8(json::canonical(&value)).unwrap(), "[\"€$\\u000f\\nA'B\\\"\\\\\\\"/\u{7f}\u{2028}\\b\\f\\t\",null,true,[],{}]");
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-((1_i64 << 53) - 1)..1 << 53).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(|map| Value::Object(Map::from_iter(map))),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_written_again(value in values()) {
        let bytes = json::canonical(&value);
        let read = json::read(&bytes).unwrap();
        prop_assert_eq!(&read, &value);
        prop_assert_eq!(json::canonical(&read), bytes);
    }

    #[test]
    fn any_bytes_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = rights::Record::read(&bytes);
    }
}
