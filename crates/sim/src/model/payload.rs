//! An archive of records as its people know it, and what each route makes of it: for each replica a history of its own of every file,
//! as its templates project it, with the tokens that it may show; and what changed together.

use super::archive::{Archive, Leaf};
use super::record::{Record, tokens_in};
use super::replica::Replica;
use super::template::{Carried, Template, carried};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Records by their path, routes by their replica.
#[derive(Clone, Debug, Default)]
pub struct Payload {
    /// Records that are there, by path.
    pub items: BTreeMap<String, Record>,
    /// What each route makes of them.
    pub routes: Vec<View>,
    transactions: BTreeMap<u64, Transaction>,
    /// Every token that people ever wrote.
    tokens: HashSet<u64>,
    /// Records that were ever part of a business transaction.
    together: HashSet<String>,
}

/// What one route makes of the archive.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Its template.
    pub template: Option<Template>,
    /// What must be on the replica, and ever had to be.
    pub archive: Archive,
    /// How often another template became active.
    pub turns: usize,
    /// What a state of a file in the archive was ever made into.
    made: HashMap<(String, Leaf), Vec<Option<Leaf>>>,
    /// Tokens that the replica was ever to see.
    visible: HashSet<u64>,
    /// The same by record, and by the file that shows them.
    visible_of: HashMap<String, HashSet<u64>>,
    /// Tokens of what was withdrawn, once that was proven.
    withdrawn: HashSet<u64>,
}

/// What changed together.
#[derive(Clone, Debug, Default)]
struct Transaction {
    /// By route: the place in its history that each file of it took.
    places: Vec<BTreeMap<String, usize>>,
    /// A record of it changed once more.
    changed_again: bool,
    /// Files that came into it under another name.
    moved: BTreeSet<String>,
    /// A record of it could not be read when it was captured: nobody knew that it belongs to it.
    unknown: bool,
}

/// The path of a document of a record.
pub fn document_path(record: &str, file_name: &str) -> String {
    let folder = record.strip_suffix("/record.json").or_else(|| record.strip_suffix(".json")).unwrap_or(record);
    format!("{folder}/{file_name}")
}

/// The files of a record.
pub fn files_of(path: &str, record: &Record) -> Vec<String> {
    std::iter::once(path.to_owned()).chain(record.documents.iter().map(|document| document_path(path, &document.file_name()))).collect()
}

impl View {
    /// A record is `now` this, and its files are these in the archive.
    fn refresh(&mut self, path: &str, files: &[String], now: Option<&Record>, archive: &Archive) {
        let carried = now.and_then(|record| carried(self.template.as_ref(), record));
        let mut shows = |of: &str, tokens: Vec<u64>| {
            self.visible.extend(&tokens);
            self.withdrawn.retain(|token| !tokens.contains(token));
            self.visible_of.entry(of.into()).or_default().extend(tokens);
        };
        for file in files {
            let there = archive.now.get(file);
            let leaf = match (&carried, there) {
                (Some(Carried { text, .. }), Some(there)) if file == path => {
                    shows(file, tokens_in(text.as_bytes()));
                    Some(Leaf::of(text.as_bytes(), there.modified, there.executable))
                }
                (Some(Carried { documents, .. }), Some(there)) => {
                    let document = documents.iter().find(|document| document_path(path, &document.file_name()) == *file);
                    shows(file, document.iter().map(|document| document.token).collect());
                    document.map(|_| *there)
                }
                _ => None,
            };
            match leaf {
                Some(leaf) => self.archive.wrote(file, leaf),
                None => self.archive.removed(file),
            }
            self.archive.never(file);
            if let Some(there) = there {
                let made = self.made.entry((file.clone(), *there)).or_default();
                if !made.contains(&leaf) {
                    made.push(leaf);
                }
            }
        }
    }

    /// What this state of a file was ever made into.
    pub fn made_of(&self, file: &str, leaf: Option<&Leaf>) -> Vec<Option<Leaf>> {
        leaf.map_or_else(|| vec![None], |leaf| self.made.get(&(file.to_owned(), *leaf)).cloned().unwrap_or_default())
    }

    /// Files that were never to be on the replica, whatever they were and whatever template there was.
    pub fn never_carried(&self) -> BTreeSet<&str> {
        let (mut never, mut carried) = (BTreeSet::new(), BTreeSet::new());
        for ((file, _), made) in &self.made {
            if made.iter().all(Option::is_none) {
                never.insert(file.as_str())
            } else {
                carried.insert(file.as_str())
            };
        }
        never.retain(|file| !carried.contains(file));
        never
    }

    /// Whether it is of something that is withdrawn.
    pub fn is_withdrawn(&self, token: u64) -> bool {
        self.withdrawn.contains(&token)
    }

    /// A file is proven withdrawn.
    pub fn withdrawn(&mut self, file: &str) {
        if !self.archive.now.contains_key(file) {
            // What had another name before, or a copy, is kept under that.
            let elsewhere = |token: &u64| self.visible_of.iter().any(|(other, tokens)| other != file && tokens.contains(token));
            let own: Vec<u64> = self.visible_of.get(file).into_iter().flatten().filter(|token| !elsewhere(token)).copied().collect();
            self.withdrawn.extend(own);
        }
    }
}

impl Payload {
    /// For so many routes, with these templates.
    pub fn with(&self, templates: Vec<Option<Template>>, archive: &Archive) -> Self {
        let mut payload = self.clone();
        payload.routes = vec![View::default(); templates.len()];
        for (replica, template) in templates.into_iter().enumerate() {
            payload.routes[replica].template = template;
            payload.look_again(replica, archive);
        }
        payload
    }

    /// The record that a file belongs to.
    pub fn record_of(&self, file: &str) -> Option<&String> {
        self.items
            .iter()
            .find(|(path, record)| *path == file || file.ends_with(".txt") && files_of(path, record).iter().any(|one| one == file))
            .map(|(path, _)| path)
    }

    /// Rot made these of others on this replica.
    pub fn made_by_rot(&mut self, replica: usize, tokens: impl IntoIterator<Item = u64>) {
        self.routes[replica].visible.extend(tokens);
    }

    /// Whether a route of a replica withholds this, which people wrote.
    pub fn withholds(&self, replica: usize, token: u64) -> bool {
        self.tokens.contains(&token) && !self.routes[replica].visible.contains(&token)
    }

    /// Whether a file is of a record that was ever part of something that changed together.
    pub fn was_together(&self, file: &str) -> bool {
        self.together.contains(self.record_of(file).map_or(file, String::as_str))
    }

    /// People wrote a record, and its documents: that is all in the archive by now.
    pub fn wrote(&mut self, path: &str, record: Record, archive: &Archive) {
        self.tokens.extend(tokens_in(record.text().as_bytes()).into_iter().chain(record.documents.iter().map(|document| document.token)));
        let before = self.items.insert(path.into(), record.clone());
        let gone = before.as_ref().map(|before| files_of(path, before)).unwrap_or_default();
        let files: BTreeSet<String> = files_of(path, &record).into_iter().chain(gone).collect();
        let files: Vec<String> = files.into_iter().collect();
        let number = record.transaction.map(|(number, _)| number);
        let last = before.and_then(|before| before.transaction).map(|(number, _)| number);
        if let Some(last) = last.filter(|last| Some(*last) != number) {
            self.changed_again(last);
            number.into_iter().for_each(|number| self.changed_again(number));
        }
        for (replica, view) in self.routes.iter_mut().enumerate() {
            let lengths: Vec<usize> = files.iter().map(|file| view.archive.histories.get(file).map_or(0, Vec::len)).collect();
            view.refresh(path, &files, Some(&record), archive);
            // What is done to its attributes later belongs to nothing.
            let Some(number) = number.filter(|number| last != Some(*number)) else { continue };
            let transaction = self.transactions.entry(number).or_default();
            transaction.places.resize_with(transaction.places.len().max(replica + 1), BTreeMap::new);
            for (file, before) in files.iter().zip(lengths) {
                let length = view.archive.histories.get(file).map_or(0, Vec::len);
                if length > before {
                    transaction.places[replica].entry(file.clone()).or_insert(length - 1);
                }
            }
        }
        if number.is_some() {
            self.together.insert(path.into());
        }
    }

    /// The record of this file cannot be read, before anybody knew what is in it.
    pub fn unknown(&mut self, file: &str) {
        let number = self.items.get(file).and_then(|record| record.transaction).map(|(number, _)| number);
        if let Some(transaction) = number.and_then(|number| self.transactions.get_mut(&number)) {
            transaction.unknown = true;
        }
    }

    fn changed_again(&mut self, number: u64) {
        if let Some(transaction) = self.transactions.get_mut(&number) {
            transaction.changed_again = true;
        }
    }

    /// People gave a record another name. Under that it is of the business transaction only as far as that did not cross yet, and nobody
    /// here knows.
    pub fn moved(&mut self, from: &str, to: &str) {
        if self.together.contains(from) {
            self.together.insert(to.into());
        }
        let Some(record) = self.items.get(to) else { return };
        if let Some(transaction) = record.transaction.and_then(|(number, _)| self.transactions.get_mut(&number)) {
            transaction.moved.extend(files_of(to, record));
        }
    }

    /// People removed a record with its documents.
    pub fn removed(&mut self, path: &str, archive: &Archive) {
        let Some(record) = self.items.remove(path) else { return };
        if let Some((number, _)) = record.transaction {
            self.changed_again(number);
        }
        let files = files_of(path, &record);
        self.routes.iter_mut().for_each(|view| view.refresh(path, &files, None, archive));
    }

    /// Another template became active on a route.
    pub fn activated(&mut self, replica: usize, template: Option<Template>, archive: &Archive) {
        if self.routes[replica].template == template {
            return;
        }
        let view = &mut self.routes[replica];
        (view.template, view.turns) = (template, view.turns + 1);
        self.look_again(replica, archive);
    }

    fn look_again(&mut self, replica: usize, archive: &Archive) {
        let view = &mut self.routes[replica];
        for (path, record) in &self.items {
            view.refresh(path, &files_of(path, record), Some(record), archive);
        }
        // What a route begins to carry of a transaction of which it carried nothing comes at once as well.
        for (number, transaction) in &mut self.transactions {
            transaction.places.resize_with(transaction.places.len().max(replica + 1), BTreeMap::new);
            let places = &mut transaction.places[replica];
            if !places.is_empty() {
                continue;
            }
            let of_it = self.items.iter().filter(|(_, record)| record.transaction.is_some_and(|(of, _)| of == *number));
            for file in of_it.flat_map(|(path, record)| files_of(path, record)).filter(|file| view.archive.now.contains_key(file)) {
                let place = view.archive.histories[&file].len() - 1;
                places.insert(file, place);
            }
        }
    }

    /// What a plan of this template for a route must say: records added, changed, withdrawn and left as they are.
    pub fn planned(&self, replica: usize, template: &Template) -> [u64; 4] {
        let mut counts = [0; 4];
        for record in self.items.values() {
            let text = |template: Option<&Template>| carried(template, record).map(|carried| carried.text);
            let place = match (text(self.routes[replica].template.as_ref()), text(Some(template))) {
                (None, Some(_)) => 0,
                (Some(before), Some(after)) if before != after => 1,
                (Some(_), None) => 2,
                (Some(_), Some(_)) => 3,
                (None, None) => continue,
            };
            counts[place] += 1;
        }
        counts
    }

    /// The bytes of a file as a route carries it, where it carries it; `document` reads one.
    pub fn content(&self, replica: usize, file: &str, document: &dyn Fn(&str) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
        let view = &self.routes[replica];
        view.archive.now.get(file)?;
        match self.items.get(file) {
            Some(record) => carried(view.template.as_ref(), record).map(|carried| carried.text.into_bytes()),
            None => document(file),
        }
    }

    /// A business transaction of which a replica shows a part, in words. `except` are files of which nothing can be said.
    pub fn half(&self, replica: usize, seen: &Replica, except: &dyn Fn(&str) -> bool) -> Option<String> {
        let view = &self.routes[replica];
        for (number, transaction) in &self.transactions {
            let Some(places) = transaction.places.get(replica) else { continue };
            let (mut there, mut missing) = (None, None);
            for (file, place) in places.iter().filter(|(file, _)| !except(file) && !transaction.moved.contains(*file)) {
                match seen.tree.get(file) {
                    // Where a state came back, nobody can see which of the two it is.
                    Some(leaf) if view.archive.place(file, Some(leaf), *place).is_none() => missing = Some(file),
                    Some(leaf) if view.archive.first_place(file, leaf, 0).is_some_and(|first| first >= *place) => there = Some(file),
                    Some(_) => {}
                    // It may be gone for what came later.
                    None if view.archive.gone_since(file, *place) => {}
                    // At a first sync what changed twice comes when it comes.
                    None if transaction.changed_again => {}
                    None => missing = Some(file),
                }
            }
            if let (Some(there), Some(missing)) = (there, missing)
                && !transaction.unknown
            {
                return Some(format!("txn-{number}: {there} is there, {missing} is as it was before"));
            }
        }
        None
    }
}
