//! From words to a predicate, by recursive descent; what is compared is checked on the way.

use super::path::Path;
use super::scalar::{Scalar, Sort};
use super::word::{Word, split};
use super::{Operand, PREDICATE_BYTES_MAX, PREDICATE_DEPTH_MAX, Relation, Test, Wrong};
use crate::fault;
use rights::kind::Kind;
use unicode_normalization::is_nfc;

/// Words that are no paths.
const RESERVED: [&str; 7] = ["and", "or", "not", "in", "true", "false", "today"];

/// Reads a predicate over records of these kinds.
pub fn read(text: &str, kinds: &[&'static Kind]) -> Result<Test, Wrong> {
    Reading { words: &words(text)?, place: 0, depth: 0, kinds, of_one: None }.whole()
}

/// Reads a predicate whose paths all begin with the same kind.
pub fn read_of_one_kind(text: &str) -> Result<(&'static Kind, Test), Wrong> {
    let words = words(text)?;
    let path = words.iter().find_map(|(_, word)| match word {
        Word::Name(name) if name.contains('.') && name != "replica.region" => name.split_once('.').map(|(kind, _)| kind),
        _ => None,
    });
    let kind = path.ok_or_else(|| Wrong::new(&fault::COMPARISON, ""))?;
    let kind = Kind::named(kind).ok_or_else(|| Wrong::new(&fault::KIND, kind))?;
    let test = Reading { words: &words, place: 0, depth: 0, kinds: &[kind], of_one: Some(kind) }.whole()?;
    Ok((kind, test))
}

fn words(text: &str) -> Result<Vec<(usize, Word)>, Wrong> {
    if text.len() > PREDICATE_BYTES_MAX {
        return Err(Wrong::limited(&fault::LIMIT, PREDICATE_BYTES_MAX));
    }
    if !is_nfc(text) {
        return Err(Wrong::new(&fault::NOT_NORMAL, ""));
    }
    split(text)
}

struct Reading<'w> {
    words: &'w [(usize, Word)],
    place: usize,
    depth: usize,
    kinds: &'w [&'static Kind],
    /// The kind that every path begins with.
    of_one: Option<&'static Kind>,
}

/// One side of a comparison before it is known what it is compared with.
enum Side {
    Text(String),
    Known(Operand, Sort),
}

impl Reading<'_> {
    fn whole(mut self) -> Result<Test, Wrong> {
        let test = self.either()?;
        if self.place < self.words.len() { Err(self.wrong()) } else { referenced_at_top(test) }
    }

    /// That what stands here cannot stand here.
    fn wrong(&self) -> Wrong {
        let place = self.words.get(self.place).map_or_else(|| "end".to_owned(), |(place, _)| place.to_string());
        Wrong::new(&fault::GRAMMAR, place)
    }

    fn sign(&mut self, sign: &str) -> bool {
        let there = matches!(self.words.get(self.place), Some((_, Word::Sign(found))) if *found == sign);
        self.place += usize::from(there);
        there
    }

    fn name(&mut self, name: &str) -> bool {
        let there = matches!(self.words.get(self.place), Some((_, Word::Name(found))) if found == name);
        self.place += usize::from(there);
        there
    }

    fn require(&mut self, sign: &str) -> Result<(), Wrong> {
        if self.sign(sign) { Ok(()) } else { Err(self.wrong()) }
    }

    fn either(&mut self) -> Result<Test, Wrong> {
        let mut tests = vec![self.all()?];
        while self.name("or") {
            tests.push(self.all()?);
        }
        Ok(one_or(tests, Test::Either))
    }

    fn all(&mut self) -> Result<Test, Wrong> {
        let mut tests = vec![self.one()?];
        while self.name("and") {
            tests.push(self.one()?);
        }
        Ok(one_or(tests, Test::All))
    }

    fn one(&mut self) -> Result<Test, Wrong> {
        if self.name("not") {
            self.deeper()?;
            let test = self.one()?;
            self.depth -= 1;
            return Ok(Test::Not(Box::new(test)));
        }
        if self.sign("(") {
            self.deeper()?;
            let test = self.either()?;
            self.depth -= 1;
            self.require(")")?;
            return Ok(test);
        }
        self.simple()
    }

    fn deeper(&mut self) -> Result<(), Wrong> {
        self.depth += 1;
        if self.depth > PREDICATE_DEPTH_MAX { Err(Wrong::limited(&fault::LIMIT, PREDICATE_DEPTH_MAX)) } else { Ok(()) }
    }

    fn simple(&mut self) -> Result<Test, Wrong> {
        let calls = matches!(self.words.get(self.place + 1), Some((_, Word::Sign("("))));
        if calls && self.name("starts_with") {
            return self.starts_with();
        }
        if calls && self.name("referenced_by") {
            self.require("(")?;
            let Some((_, Word::Name(name))) = self.words.get(self.place) else { return Err(self.wrong()) };
            let kind = Kind::named(name).ok_or_else(|| Wrong::new(&fault::KIND, name))?;
            self.place += 1;
            self.require(")")?;
            return Ok(Test::ReferencedBy(kind));
        }
        let constant = matches!(self.words.get(self.place), Some((_, Word::Name(name))) if name == "true" || name == "false");
        if constant && !self.compares_next() {
            let yes = self.name("true");
            self.place += usize::from(!yes);
            return Ok(Test::Constant(yes));
        }
        self.comparison()
    }

    /// Whether the word after this one is a relation.
    fn compares_next(&self) -> bool {
        match self.words.get(self.place + 1) {
            Some((_, Word::Sign(sign))) => ["=", "!=", "<", "<=", ">", ">="].contains(sign),
            Some((_, Word::Name(name))) => name == "in" || name == "not",
            _ => false,
        }
    }

    fn starts_with(&mut self) -> Result<Test, Wrong> {
        self.require("(")?;
        let begins = self.words.get(self.place).map_or(0, |(place, _)| *place);
        let Side::Known(path @ Operand::Path(_), Sort::Text) = self.side()? else { return Err(Wrong::new(&fault::COMPARISON, begins.to_string())) };
        self.require(",")?;
        let begins = self.words.get(self.place).map_or(0, |(place, _)| *place);
        let text = match self.side()? {
            Side::Text(text) => Operand::Literal(Scalar::Text(text.into())),
            Side::Known(region @ Operand::Region, _) => region,
            Side::Known(..) => return Err(Wrong::new(&fault::COMPARISON, begins.to_string())),
        };
        self.require(")")?;
        Ok(Test::StartsWith(path, text))
    }

    fn comparison(&mut self) -> Result<Test, Wrong> {
        let begins = self.words.get(self.place).map_or_else(|| "end".to_owned(), |(place, _)| place.to_string());
        let left = self.side()?;
        let negated = self.name("not");
        if self.name("in") {
            let mut tests = Vec::new();
            self.require("[")?;
            loop {
                let right = self.literal()?;
                tests.push(compare(left.copy(), Relation::Equal, right, &begins)?);
                if !self.sign(",") {
                    break;
                }
            }
            self.require("]")?;
            let test = one_or(tests, Test::Either);
            return Ok(if negated { Test::Not(Box::new(test)) } else { test });
        }
        if negated {
            return Err(self.wrong());
        }
        let relations =
            [("=", Relation::Equal), ("<=", Relation::LessOrEqual), (">=", Relation::GreaterOrEqual), ("<", Relation::Less), (">", Relation::Greater)];
        if self.sign("!=") {
            let right = self.side()?;
            return Ok(Test::Not(Box::new(compare(left, Relation::Equal, right, &begins)?)));
        }
        let Some((_, relation)) = relations.into_iter().find(|(sign, _)| self.sign(sign)) else { return Err(self.wrong()) };
        let right = self.side()?;
        compare(left, relation, right, &begins)
    }

    fn literal(&mut self) -> Result<Side, Wrong> {
        match self.words.get(self.place) {
            Some((_, Word::Text(_) | Word::Number(_))) => self.side(),
            Some((_, Word::Name(name))) if name == "true" || name == "false" => self.side(),
            _ => Err(self.wrong()),
        }
    }

    fn side(&mut self) -> Result<Side, Wrong> {
        let Some((_, word)) = self.words.get(self.place) else { return Err(self.wrong()) };
        let side = match word {
            Word::Text(text) => Side::Text(text.clone()),
            Word::Number(text) => Side::Known(Operand::Literal(Scalar::number(text).ok_or_else(|| self.wrong())?), Sort::Number),
            Word::Name(name) => match name.as_str() {
                "true" | "false" => Side::Known(Operand::Literal(Scalar::Truth(name == "true")), Sort::Truth),
                "today" => Side::Known(Operand::Today, Sort::Day),
                "replica.region" => Side::Known(Operand::Region, Sort::Text),
                name if RESERVED.contains(&name) => return Err(self.wrong()),
                name => {
                    let path = self.path(name)?;
                    let sort = path.sort;
                    Side::Known(Operand::Path(path), sort)
                }
            },
            Word::Sign(_) => return Err(self.wrong()),
        };
        self.place += 1;
        Ok(side)
    }

    fn path(&self, name: &str) -> Result<Path, Wrong> {
        match self.of_one {
            None => Path::resolve(name, self.kinds),
            Some(kind) => match name.split_once('.') {
                Some((first, rest)) if first == kind.name => Path::resolve(rest, self.kinds),
                _ => Err(Wrong::new(&fault::COMPARISON, name)),
            },
        }
    }
}

impl Side {
    fn copy(&self) -> Self {
        match self {
            Self::Text(text) => Self::Text(text.clone()),
            Self::Known(operand, sort) => Self::Known(operand.clone(), *sort),
        }
    }
}

fn one_or(mut tests: Vec<Test>, join: fn(Vec<Test>) -> Test) -> Test {
    match tests.pop() {
        Some(only) if tests.is_empty() => only,
        last => {
            tests.extend(last);
            join(tests)
        }
    }
}

/// A comparison of two sides that can be compared. A text beside a path must be a value that the path can have.
fn compare(left: Side, relation: Relation, right: Side, begins: &str) -> Result<Test, Wrong> {
    let wrong = |subject: &str| Wrong::new(&fault::COMPARISON, subject);
    let as_text = |sort: Sort| if sort == Sort::Word { Sort::Text } else { sort };
    let (left, right, sort) = match (left, right) {
        (Side::Known(left, sort), Side::Known(right, other)) if as_text(sort) == as_text(other) => {
            let ordered = sort.is_ordered() && other.is_ordered();
            (left, right, if ordered { sort } else { Sort::Word })
        }
        (Side::Known(known, sort), Side::Text(text)) => {
            let literal = beside(&known, sort, &text)?;
            (known, Operand::Literal(literal), sort)
        }
        (Side::Text(text), Side::Known(known, sort)) => {
            let literal = beside(&known, sort, &text)?;
            (Operand::Literal(literal), known, sort)
        }
        _ => return Err(wrong(begins)),
    };
    if relation != Relation::Equal && !sort.is_ordered() {
        return Err(wrong(begins));
    }
    Ok(Test::Compare(left, relation, right))
}

/// A text as a value beside that operand.
fn beside(known: &Operand, sort: Sort, text: &str) -> Result<Scalar<'static>, Wrong> {
    let possible = if let Operand::Path(path) = known { path.can_be(text) } else { true };
    Scalar::literal(text, sort).filter(|_| possible).ok_or_else(|| Wrong::new(&fault::COMPARISON, text))
}

/// `referenced_by` stands once at most, alone or joined to the whole by `and`: then what a block selects can be found by following
/// references, and adding a record never takes another away.
fn referenced_at_top(test: Test) -> Result<Test, Wrong> {
    fn count(test: &Test) -> usize {
        match test {
            Test::ReferencedBy(_) => 1,
            Test::Either(tests) | Test::All(tests) => tests.iter().map(count).sum(),
            Test::Not(test) => count(test),
            Test::Constant(_) | Test::Compare(..) | Test::StartsWith(..) => 0,
        }
    }
    let at_top = match &test {
        Test::ReferencedBy(_) => 1,
        Test::All(tests) => tests.iter().filter(|test| matches!(test, Test::ReferencedBy(_))).count(),
        _ => 0,
    };
    if count(&test) > 1 || at_top < count(&test) { Err(Wrong::new(&fault::GRAMMAR, "referenced_by")) } else { Ok(test) }
}
