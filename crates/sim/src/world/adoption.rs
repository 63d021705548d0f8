//! A replica whose home is lost, or whose tree was filled by other means: a new home is made on the tree as it lies, and the source adds
//! its route with `--adopt`. What lies there right is proven without travelling.

use super::World;
use super::ground::Ground;
use super::scene::{self, Introduce};
use crate::model::numbers::Numbers;
use crate::model::replica::Violation;
use crate::model::template::Template;
use crate::weather::random::Random;
use driver::{RouteAccept, RouteAdd};
use wire::card::Role;

impl World {
    /// The home of a replica is lost, and made anew. `filled`: people have copied the archive onto its tree before.
    pub(super) fn adopt(&mut self, replica: usize, filled: bool, random: &mut Random) -> Result<(), Violation> {
        if self.archive_away() {
            return Ok(());
        }
        let home = replica + 1;
        self.note(|| format!("      replica {replica} is set up anew, filled {filled}"));
        self.counts.fault("replica-adopted");
        let (disk, path) = (self.disk.clone(), self.homes[home].path.clone());
        Ground::at(&disk, &path).clear("").expect("a home can be lost");
        self.indexes.forget(&path.join("index"));
        if filled {
            self.fill(replica, random);
        }
        // What lies about is of a route that is no more.
        self.places.media.iter().for_each(|medium| Ground::at(&disk, medium).clear("").expect("a medium can be wiped"));
        self.lives += 1;
        let old = std::mem::replace(&mut self.routes[replica], format!("{}.{}", scene::route_name(replica), self.lives));
        let by_gateway = self.shape.gateway && replica == usize::from(self.shape.by_medium);
        if by_gateway {
            [&self.places.gateway_out, &self.places.gateway_back].into_iter().for_each(|folder| Ground::at(&disk, folder).clear("").expect("cleared"));
        }
        let template = self.payload.is_some().then(|| Template::of(random.number()));
        self.set_up(replica, &old, by_gateway, template.as_ref())
            .map_err(|failure| Violation::new("command", format!("adopting replica {replica}: {failure}")))?;
        self.numbers[home] = Numbers::default();
        self.homes.iter_mut().for_each(|home| home.kept.clear());
        let state = &mut self.homes[home];
        *state = scene::HomeState { went_back: true, adopted_news: true, clock: state.clock.clone(), clock_trouble: state.clock_trouble, ..state.renewed() };
        self.known[replica].clear();
        self.done[replica].clear();
        self.cancelled[replica].clear();
        self.highest.remove(&replica);
        self.activated(replica, template);
        self.look_at_durable(replica, false)?;
        let strays = self.replicas[replica].tree.clone();
        self.replicas[replica].strays.extend(strays);
        self.begins_anew(replica);
        self.anew[replica] = false;
        (0..self.homes.len()).for_each(|home| self.backup(home));
        Ok(())
    }

    /// People copy the archive onto the tree, and not all of it comes out right.
    fn fill(&mut self, replica: usize, random: &mut Random) {
        let (disk, tree) = (self.disk.clone(), self.places.trees[replica].clone());
        let (from, to) = (Ground::at(&disk, &self.places.archive), Ground::at(&disk, &tree));
        to.clear("").expect("a tree can be emptied");
        self.replicas[replica].tree.clear();
        for (path, leaf) in self.seen_by(replica).now.clone() {
            let read = |path: &str| from.read(path).ok();
            let content = self.payload.as_ref().map_or_else(|| read(&path), |payload| payload.content(replica, &path, &read));
            let Some(content) = content else { continue };
            if self.archive.rotten.contains_key(&path) || random.one_in(8) {
                continue;
            }
            to.write(&path, &content, false).expect("people can copy");
            if leaf.executable {
                to.chmod(&path).expect("people can copy");
            }
            to.touch(&path, leaf.modified).expect("people can copy");
        }
        to.settle();
    }

    fn set_up(&self, replica: usize, old: &str, by_gateway: bool, template: Option<&Template>) -> Result<(), driver::Failure> {
        let (inside, outside) = (&self.homes[0].path, &self.homes[replica + 1].path);
        let (zone, name) = (format!("outside-{replica}.{}", self.lives), self.routes[replica].clone());
        driver::init(&self.world_of(replica + 1), outside, &zone, Role::Replica, None)?;
        scene::introduce(&Introduce {
            disk: &self.disk,
            places: &self.places,
            homes: [inside, outside],
            worlds: [self.world_of(0), self.world_of(replica + 1)],
        })?;
        scene::edit(&self.disk, inside, |text| {
            let at = text.find(&format!("[routes.{old}]")).or_else(|| text.find(&format!("[routes.\"{old}\"]"))).expect("the route is configured");
            let end = text[at + 1..].find("\n[").map_or(text.len(), |end| at + 1 + end + 1);
            [&text[..at], &text[end..]].concat()
        });
        let folder = |path: &std::path::Path| by_gateway.then(|| path.to_path_buf());
        let (out, back) = (folder(&self.places.gateway_out), folder(&self.places.gateway_back));
        let add = RouteAdd {
            name: name.clone(),
            archive: "archive".into(),
            to: zone,
            to_gateway: out.clone(),
            from_gateway: back.clone(),
            escrow: None,
            adopt: true,
        };
        driver::route_add(&self.world_of(0), inside, &add)?;
        if let Some(template) = template {
            let file = self.write_template(replica, template);
            driver::template_activate(&self.world_of(0), inside, &file, &self.routes[replica], "as agreed", false)?;
        }
        let accept = RouteAccept { name, from: "inside".into(), into: self.places.trees[replica].clone(), from_gateway: out, to_gateway: back };
        driver::route_accept(&self.world_of(replica + 1), outside, &accept)?;
        scene::policies(&self.disk, outside, self.shape);
        scene::parity(&self.disk, inside, &self.routes[replica], self.shape, replica);
        let volumes = [&self.homes[0].volume, &self.homes[replica + 1].volume, &self.places.tree_volumes[replica], &self.places.gateway_volume];
        volumes.into_iter().for_each(|volume| Ground::at(&self.disk, volume).settle());
        Ok(())
    }
}
