//! Whether the keys of a table are known and their values of their form.

use super::Drafting;
use crate::documents::Selector;
use crate::fault::{self, Clause, Fault};
use crate::keys::{Form, Key};
use crate::node::{Given, Node};
use rights::kind::Kind;
use unicode_normalization::is_nfc;

impl Drafting {
    /// The keys of a table; those that `apart` knows are looked at elsewhere.
    pub(super) fn keys(&mut self, keys: &[Key], node: &Node, path: &str, apart: &dyn Fn(&str) -> bool) {
        for (name, line, value) in node.entries() {
            let path = format!("{path}.{name}");
            match keys.iter().find(|key| key.name == name) {
                Some(key) => self.form(key.form, value, &path),
                None if apart(name) => {}
                // In this section a name that is no key can only be meant as a kind.
                None if path.starts_with("project.") && matches!(value.value, Given::Table(_)) => self.tell(Fault::new(&fault::KIND, *line, path, name)),
                None => self.tell(Fault::new(&fault::UNKNOWN_KEY, *line, path, name)),
            }
        }
        for key in keys.iter().filter(|key| key.needed && node.get(key.name).is_none()) {
            self.tell(Fault::new(&fault::MISSING, node.line, format!("{path}.{}", key.name), key.name));
        }
    }

    fn form(&mut self, form: Form, node: &Node, path: &str) {
        match (form, &node.value) {
            (Form::Name | Form::Text(_) | Form::OneOf(_) | Form::Size | Form::Duration | Form::AnyDuration, Given::Text(text)) => {
                self.text(form.takes(text), text, node.line, path);
            }
            (Form::Predicate | Form::Fields, Given::Text(text)) => self.text(true, text, node.line, path),
            (Form::Kinds, Given::Text(text)) => self.text(text == "*", text, node.line, path),
            (Form::Texts | Form::SomeOf(_) | Form::Kinds | Form::Fields | Form::Names | Form::Selectors, Given::List(elements)) => {
                self.list(form, elements, node.line, path);
            }
            (Form::Bool, Given::Bool(_)) | (Form::Masks, Given::Table(_)) => {}
            (Form::Count, Given::Integer(number)) => self.require(*number >= 1, &fault::NOT_LISTED, node.line, path, ""),
            (Form::Share, Given::Integer(_) | Given::Float(_)) => {
                self.require(node.number().is_some_and(|number| (0.0..=1.0).contains(&number)), &fault::NOT_LISTED, node.line, path, "");
            }
            (Form::Table(keys), Given::Table(_)) => self.keys(keys, node, path, &|_| false),
            _ => self.tell(Fault::new(&fault::WRONG_TYPE, node.line, path, "")),
        }
    }

    fn list(&mut self, form: Form, elements: &[Node], line: usize, path: &str) {
        if elements.is_empty() && !matches!(form, Form::Selectors) {
            self.tell(Fault::new(&fault::MISSING, line, path, ""));
        }
        for (place, element) in elements.iter().enumerate() {
            let Some(text) = element.text() else {
                self.tell(Fault::new(&fault::WRONG_TYPE, element.line, path, ""));
                continue;
            };
            self.text(form.takes(text), text, element.line, path);
            if elements[..place].iter().any(|other| other.text() == Some(text)) {
                self.tell(Fault::new(&fault::CONTRADICTION, element.line, path, text));
            }
            match form {
                Form::Kinds => self.require(Kind::named(text).is_some(), &fault::KIND, element.line, path, text),
                Form::Selectors => self.require(Selector::parse(text).is_some(), &fault::ROLE, element.line, path, text),
                Form::Names => {
                    let known = rights::kinds::ALL.iter().any(|kind| kind.field(text).is_some());
                    self.require(known, &fault::FIELD, element.line, path, text);
                }
                _ => {}
            }
        }
    }

    fn text(&mut self, right: bool, text: &str, line: usize, path: &str) {
        self.require(right, &fault::NOT_LISTED, line, path, text);
        self.require(is_nfc(text), &fault::NOT_NORMAL, line, path, text);
    }

    fn require(&mut self, right: bool, clause: &'static Clause, line: usize, path: &str, subject: &str) {
        if !right {
            self.tell(Fault::new(clause, line, path, subject));
        }
    }
}
