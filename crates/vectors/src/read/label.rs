//! Reads the label of a medium, written from spec/medium.md: ENV-18, LBL-01 and LBL-02.

use super::card::Trusted;
use super::cursor::{Cursor, Invalid};
use super::{Refusal, envelope, require};
use crate::describe;
use crate::model::Label;
use serde_json::Value;

/// Reads a label.
pub(super) fn read(file: &[u8], secret: &[u8; 32], trusted: &[Trusted]) -> Result<Value, Refusal> {
    let contents = envelope::open(file, 3, secret, trusted)?;
    let label = decode(&contents.body).map_err(|Invalid| Refusal("ENV-18"))?;
    require(label.maker == contents.signer.id, "LBL-01")?;
    require(label.reserved == 0, "LBL-02")?;
    Ok(describe::label(&contents.opened, &label))
}

fn decode(body: &[u8]) -> Result<Label, Invalid> {
    let mut from = Cursor::new(body);
    let label = Label { medium: from.array()?, maker: from.array()?, reserved: from.u64()? };
    from.end().map(|()| label)
}
