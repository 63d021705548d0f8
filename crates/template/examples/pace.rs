//! How long one record takes, step by step, on one core and without a disk (benches/README.md):
//!
//! ```sh
//! cargo run --release -p template --example pace -- TEMPLATE FOLDER
//! ```
//!
//! FOLDER holds records in files `record.json` at any depth; the first 100,000 are read into memory, then each step goes over all of them.

use rights::record::Record;
use rights::scalar::Date;
use std::borrow::Cow;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;
use template::{Context, Referenced, Template, Verdict};

const RECORDS_MAX: usize = 100_000;

struct Alone(Date, Referenced);

impl Context for Alone {
    fn today(&self) -> Date {
        self.0
    }
    fn replica_region(&self) -> Option<&str> {
        None
    }
    fn record(&self, _: &str) -> Option<Cow<'_, Record<'static>>> {
        None
    }
    fn referenced(&self) -> &Referenced {
        &self.1
    }
    fn route_key(&self) -> &[u8; 32] {
        &[0; 32]
    }
}

fn read(folder: &Path, into: &mut Vec<Vec<u8>>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if into.len() == RECORDS_MAX {
            return Ok(());
        }
        if path.is_dir() {
            read(&path, into)?;
        } else if path.ends_with("record.json") {
            into.push(std::fs::read(&path)?);
        }
    }
    Ok(())
}

/// Prints how long one of `count` took.
fn step(name: &str, count: usize, act: impl FnOnce()) {
    let begun = Instant::now();
    act();
    println!("{name:10}{:8.2} us", begun.elapsed().as_secs_f64() * 1e6 / count as f64);
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [template, folder] = arguments.as_slice() else { return Err("TEMPLATE FOLDER".into()) };
    let template = Template::parse(&std::fs::read_to_string(template)?).map_err(|faults| format!("{faults:?}"))?;
    let (alone, mut texts) = (Alone(Date::parse("2026-01-01").ok_or("a day")?, Referenced::default()), Vec::new());
    for kind in std::fs::read_dir(folder)? {
        read(&kind?.path(), &mut texts)?;
    }
    let count = texts.len();
    println!("{count} records, {} bytes", texts.iter().map(Vec::len).sum::<usize>());
    step("read", count, || texts.iter().for_each(|text| drop(black_box(rights::json::read_tree(text)))));
    let values: Vec<_> = texts.iter().filter_map(|text| rights::json::read_tree(text).ok()).collect();
    step("check", count, || values.iter().for_each(|value| drop(black_box(rights::check::check(value)))));
    let records: Vec<Record<'_>> = values.into_iter().filter_map(|value| Record::of_tree(value).ok()).collect();
    let mut carried = 0;
    step("judge", count, || records.iter().for_each(|record| carried += usize::from(matches!(template.judge(record, &alone), Verdict::Carried(_)))));
    step("canonical", count, || records.iter().for_each(|record| drop(black_box(record.canonical()))));
    println!("{carried} are carried");
    Ok(())
}
