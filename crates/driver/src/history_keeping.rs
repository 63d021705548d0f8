//! How long earlier versions stay: at least so many days and at least so many versions of each item, whichever is more.

use std::collections::{HashMap, HashSet};
use wire::Digest;
use wire::record::Pruned;

use crate::home::Home;
use crate::report::Failure;
use crate::tree::Tree;

const DAY_SECONDS: i64 = 86_400;

/// Drops what is older than the policy keeps, oldest first.
pub fn prune(home: &mut Home, name: &str, tree: &Tree) -> Result<(), Failure> {
    let route = &home.replica().routes[name];
    let policy = &home.config.policy;
    let keep_from = home.world.now_seconds().saturating_sub(i64::try_from(policy.history_days).unwrap_or(i64::MAX).saturating_mul(DAY_SECONDS));
    let old = route.history.iter().take_while(|earlier| earlier.replaced_at < keep_from).count();
    if old == 0 {
        return Ok(());
    }
    let mut versions: HashMap<u32, u64> = HashMap::new();
    for earlier in &route.history {
        *versions.entry(earlier.item).or_default() += 1;
    }
    let mut gone = 0;
    for earlier in &route.history[..old] {
        let left = versions.get_mut(&earlier.item).expect("counted above");
        if *left <= policy.history_versions {
            break;
        }
        *left -= 1;
        gone += 1;
    }
    if gone == 0 {
        return Ok(());
    }
    let kept: HashSet<Digest> = route.history[gone..].iter().map(|earlier| earlier.digest).collect();
    let dropped: HashSet<Digest> = route.history[..gone].iter().map(|earlier| earlier.digest).filter(|digest| !kept.contains(digest)).collect();
    home.record(Pruned { route: name.into(), entries: gone as u64 })?;
    home.commit()?;
    for digest in dropped {
        let (folder, file) = Tree::history(&digest);
        if let Ok(dir) = tree.dot_dir(&*home.world.disk, &folder, false) {
            store::spool::remove_if_there(&*home.world.disk, &dir, &file).map_err(|error| Failure::io(name, &error))?;
        }
    }
    Ok(())
}
