//! Hints that something below a root changed, so that the next scan comes sooner. Never the truth: the scan is.
//!
//! Guarantees: links are not followed; mere reading gives no hint (the scan and the packing read everything); what the
//! system could not watch is said, at the start in the list of limits and later by [`Watch::limited`]. It does not collect
//! or delay hints, and misses what a memory map writes, what another machine does on a share, and what happened before it was started.

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Config, ErrorKind, Event, RecommendedWatcher, RecursiveMode, Watcher};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the system's event amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Something changed.
    Changed,
    /// Events were lost, or new folders cannot be watched: only a scan knows.
    Rescan,
}

/// Why a root is not watched, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LimitCause {
    /// The system's limit of watches or watchers is too low (`fs.inotify.max_user_watches`, `max_user_instances`).
    TooMany,
    /// It is not there.
    Missing,
    /// The system refused; its words.
    Refused(String),
}

/// A root that is not watched, or not all of it: it is to be scanned more often, and a person told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchLimit {
    /// The root, as it was given.
    pub root: PathBuf,
    /// Why.
    pub cause: LimitCause,
}

impl fmt::Display for WatchLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = self.root.display();
        match &self.cause {
            LimitCause::TooMany => write!(f, "{root}: the system allows too few watches (fs.inotify.max_user_watches)"),
            LimitCause::Missing => write!(f, "{root}: there is nothing to watch"),
            LimitCause::Refused(words) => write!(f, "{root}: {words}"),
        }
    }
}

/// Watches while it lives.
pub struct Watch {
    watcher: Option<RecommendedWatcher>,
    limited: Arc<AtomicBool>,
}

impl Watch {
    /// Watches `roots` with all that is below them, now and later. `hint` is called on a thread of its own, for every event;
    /// it should return at once and must not panic. Always gives a watch; the list says which roots it does not cover whole.
    pub fn start(roots: &[PathBuf], hint: impl Fn(Hint) + Send + 'static) -> (Self, Vec<WatchLimit>) {
        let limited = Arc::new(AtomicBool::new(false));
        let seen = limited.clone();
        let handler = move |event: notify::Result<Event>| {
            if event.is_err() {
                seen.store(true, Ordering::Relaxed);
            }
            if let Some(event) = hint_of(&event) {
                hint(event);
            }
        };
        let limit = |root: &Path, cause: LimitCause| WatchLimit { root: root.into(), cause };
        let mut limits = Vec::new();
        let watcher = match RecommendedWatcher::new(handler, Config::default().with_follow_symlinks(false)) {
            Ok(mut watcher) => {
                for root in roots {
                    if let Err(cause) = add(&mut watcher, root) {
                        limits.push(limit(root, cause));
                    }
                }
                Some(watcher)
            }
            Err(error) => {
                let cause = cause_of(&error);
                limits.extend(roots.iter().map(|root| limit(root, cause.clone())));
                None
            }
        };
        limited.fetch_or(!limits.is_empty(), Ordering::Relaxed);
        (Self { watcher, limited }, limits)
    }

    /// Whether anything was not watched, at the start or since: scans must not wait for hints alone.
    pub fn limited(&self) -> bool {
        self.watcher.is_none() || self.limited.load(Ordering::Relaxed)
    }
}

fn add(watcher: &mut RecommendedWatcher, root: &Path) -> Result<(), LimitCause> {
    // A root that is itself a link would not be descended into.
    let real = root.canonicalize().map_err(|error| cause_of(&notify::Error::io(error)))?;
    watcher.watch(&real, RecursiveMode::Recursive).map_err(|error| cause_of(&error))
}

fn cause_of(error: &notify::Error) -> LimitCause {
    // EMFILE, ENFILE and ENOSPC of a new watcher or watch.
    const SYSTEM_LIMITS: [i32; 3] = [24, 23, 28];
    match &error.kind {
        ErrorKind::MaxFilesWatch => LimitCause::TooMany,
        ErrorKind::PathNotFound => LimitCause::Missing,
        ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::NotFound => LimitCause::Missing,
        ErrorKind::Io(error) if error.raw_os_error().is_some_and(|number| SYSTEM_LIMITS.contains(&number)) => LimitCause::TooMany,
        _ => LimitCause::Refused(error.to_string()),
    }
}

/// An error is a hint as well: after it, something is not watched.
fn hint_of(event: &notify::Result<Event>) -> Option<Hint> {
    match event {
        Err(_) => Some(Hint::Rescan),
        Ok(event) if event.need_rescan() => Some(Hint::Rescan),
        Ok(event) => match event.kind {
            // A writer is done: for some writers the only event there is.
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => Some(Hint::Changed),
            EventKind::Access(_) => None,
            _ => Some(Hint::Changed),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{CreateKind, DataChange, Flag, MetadataKind, ModifyKind, RemoveKind, RenameMode};
    use std::fs;
    use std::sync::mpsc;

    #[test]
    fn events_and_their_hints() {
        let plain = |kind| Ok(Event::new(kind));
        for (event, expected) in [
            (plain(EventKind::Create(CreateKind::File)), Some(Hint::Changed)),
            (plain(EventKind::Modify(ModifyKind::Data(DataChange::Any))), Some(Hint::Changed)),
            (plain(EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any))), Some(Hint::Changed)),
            (plain(EventKind::Modify(ModifyKind::Name(RenameMode::Both))), Some(Hint::Changed)),
            (plain(EventKind::Remove(RemoveKind::Folder)), Some(Hint::Changed)),
            (plain(EventKind::Any), Some(Hint::Changed)),
            (plain(EventKind::Other), Some(Hint::Changed)),
            (plain(EventKind::Access(AccessKind::Close(AccessMode::Write))), Some(Hint::Changed)),
            (plain(EventKind::Access(AccessKind::Close(AccessMode::Read))), None),
            (plain(EventKind::Access(AccessKind::Open(AccessMode::Any))), None),
            (plain(EventKind::Access(AccessKind::Read)), None),
            (plain(EventKind::Access(AccessKind::Any)), None),
            (Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)), Some(Hint::Rescan)),
            (Ok(Event::new(EventKind::Access(AccessKind::Any)).set_flag(Flag::Rescan)), Some(Hint::Rescan)),
            (Err(notify::Error::new(ErrorKind::MaxFilesWatch)), Some(Hint::Rescan)),
        ] {
            assert_eq!(hint_of(&event), expected, "{event:?}");
        }
    }

    #[test]
    fn errors_and_their_causes() {
        let system = |number| notify::Error::io(std::io::Error::from_raw_os_error(number));
        for (error, expected) in [
            (notify::Error::new(ErrorKind::MaxFilesWatch), LimitCause::TooMany),
            (system(28), LimitCause::TooMany),
            (system(24), LimitCause::TooMany),
            (system(2), LimitCause::Missing),
            (notify::Error::new(ErrorKind::PathNotFound), LimitCause::Missing),
        ] {
            assert_eq!(cause_of(&error), expected, "{error:?}");
        }
        assert!(matches!(cause_of(&system(13)), LimitCause::Refused(_)));
    }

    #[test]
    fn a_change_deep_below_a_linked_root_is_hinted() {
        let scratch = tempfile::tempdir().unwrap();
        let [real, link] = ["real", "link"].map(|name| scratch.path().join(name));
        fs::create_dir_all(real.join("a/b")).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let (hint_to, hint_from) = mpsc::channel();
        let (watch, limits) = Watch::start(std::slice::from_ref(&link), move |hint| {
            let _closed = hint_to.send(hint);
        });
        assert_eq!(watch.limited(), !limits.is_empty());
        if limits.is_empty() {
            fs::write(real.join("a/b/document"), "new").unwrap();
            assert_eq!(hint_from.recv(), Ok(Hint::Changed));
        } else {
            assert_eq!(limits, [WatchLimit { root: link, cause: LimitCause::TooMany }], "nothing but the limit keeps it from watching");
        }
    }

    #[test]
    fn a_root_that_is_missing_is_said() {
        let scratch = tempfile::tempdir().unwrap();
        let missing = scratch.path().join("missing");
        let (watch, limits) = Watch::start(&[scratch.path().into(), missing.clone()], |_| ());
        assert!(watch.limited());
        assert!(limits.iter().any(|limit| limit.root == missing), "{limits:?}");
        let (watch, limits) = Watch::start(&[], |_| ());
        assert!(limits.is_empty() && !watch.limited());
    }
}
