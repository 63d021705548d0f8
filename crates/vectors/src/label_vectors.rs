//! Labels of media, good and bad (spec/medium.md).

use crate::describe;
use crate::encode;
use crate::envelope::{self, Body, Draft};
use crate::fixture::{Collection, Contents, Fixture};
use crate::model::Label;
use crate::primitive::noise_array;
use crate::zone::Cast;
use serde_json::{Value, json};

/// How labels are read.
pub(crate) fn reading(reader: &str) -> Value {
    json!({"kind": "label", "reader": reader, "trusted": ["inside"]})
}

/// A label that is right.
pub(crate) fn label(cast: &Cast) -> Label {
    Label { medium: noise_array("medium/one"), maker: cast.inside.id(), reserved: 0 }
}

/// The envelope around a body of a label, wrapped for the maker and for the zone it serves.
pub(crate) fn draft<'a>(cast: &'a Cast, entropy: &str, body: &[u8]) -> Draft<'a> {
    Draft::new(entropy, envelope::LABEL, &cast.inside, &[&cast.inside, &cast.outside], Vec::new(), Body::compressed(body))
}

/// Collects them.
pub(crate) fn collect(cast: &Cast, to: &mut Collection) {
    for (what, says, reader) in [("served", "read by the zone it serves", "outside"), ("made", "read by its maker", "inside")] {
        let sealed = draft(cast, &format!("label/{what}"), &encode::label(&label(cast))).seal();
        let expected = describe::label(&sealed.opened, &label(cast));
        let bytes = Contents::File(sealed.file);
        to.add(Fixture { page: "label", code: "00", what: what.into(), extension: "gfl", says: says.into(), reading: reading(reader), bytes }, Some(&expected));
    }
    let bad = [
        ("LBL-01", "maker_is_not_the_signer", "names another maker than the zone that signed", Label { maker: cast.outside.id(), ..label(cast) }),
        ("LBL-02", "reserved_1", "the reserved number is not zero", Label { reserved: 1, ..label(cast) }),
        ("LBL-02", "reserved_high", "the reserved number is not zero", Label { reserved: 1 << 63, ..label(cast) }),
    ];
    for (code, what, says, label) in bad {
        let sealed = draft(cast, &format!("label/{code}/{what}"), &encode::label(&label)).seal();
        let bytes = Contents::File(sealed.file);
        to.add(Fixture { page: "label", code, what: what.into(), extension: "gfl", says: says.into(), reading: reading("outside"), bytes }, None);
    }
}
