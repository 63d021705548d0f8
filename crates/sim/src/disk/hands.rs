//! What a test or the weather does to a disk from outside: volumes, faults, crashes, planted things. Nothing here counts as a
//! call, strikes a fault, or leaves anything that is not durable.

use super::fault::{Op, Planned, Rule, is_a_directory, not_a_directory, not_found};
use super::image::{Image, Thing};
use super::pending::{Fate, Pending};
use super::state::{At, component};
use super::tree::{Body, Content, Names, Node, ROOT};
use super::volume::{Volume, VolumeOptions};
use super::{SimDisk, State};
use std::collections::BTreeMap;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use store::clock::Clock;

/// A volume of a [`SimDisk`], mounted or lying about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VolumeId(usize);

impl SimDisk {
    /// Times of changes come from this clock, as it goes, instead of from one that never stands still.
    pub fn follow(&self, clock: Arc<dyn Clock>) {
        self.lock_state().clock = Some(clock);
    }

    /// A new empty volume with a device number of its own, not mounted.
    pub fn add_volume(&self, options: VolumeOptions) -> VolumeId {
        let mut state = self.lock_state();
        let now = state.tick();
        let device = state.volumes.len() as u64 + 1;
        state.volumes.push(Volume::new(device, options, now));
        VolumeId(state.volumes.len() - 1)
    }

    /// Mounts a volume on a directory, which is made if it is missing.
    ///
    /// # Errors
    /// When the path cannot be a directory.
    pub fn mount(&self, volume: VolumeId, path: impl AsRef<Path>) -> io::Result<()> {
        let mut state = self.lock_state();
        let (dir, name) = state.parent(path.as_ref())?;
        let covered = match state.lookup(dir, &name) {
            Ok(at) => at,
            Err(error) if error.kind() == io::ErrorKind::NotFound => state.make_dir(dir, &name, 0o755)?,
            Err(error) => return Err(error),
        };
        state.volumes[dir.0].sync_all();
        state.volumes[volume.0].dead = false;
        state.mounts.insert(covered, volume.0);
        Ok(())
    }

    /// A new volume, mounted.
    ///
    /// # Errors
    /// As [`SimDisk::mount`].
    pub fn mount_new(&self, path: impl AsRef<Path>, options: VolumeOptions) -> io::Result<VolumeId> {
        let volume = self.add_volume(options);
        self.mount(volume, path).map(|()| volume)
    }

    /// Unmounts as one should: everything on it is durable. The empty directory below it is seen again.
    pub fn unmount(&self, volume: VolumeId) {
        let mut state = self.lock_state();
        state.volumes[volume.0].sync_all();
        state.mounts.retain(|_, mounted| *mounted != volume.0);
    }

    /// Pulls a volume out while it is in use: it loses what was not durable as chosen, and every call on it fails until it is
    /// mounted again.
    pub fn pull(&self, volume: VolumeId, choose: &mut dyn FnMut(usize, &Pending) -> Fate) {
        let mut state = self.lock_state();
        let now = state.tick();
        state.volumes[volume.0].crash(now, choose);
        state.volumes[volume.0].dead = true;
    }

    /// A volume is mounted again in its place, and its file system gets a number that none had before.
    pub fn remount(&self, volume: VolumeId) {
        let mut state = self.lock_state();
        let unused = state.volumes.iter().map(|volume| volume.device).max().unwrap_or(0) + 1;
        state.volumes[volume.0].device = unused;
    }

    /// Puts these volumes back as they were in an image, all else left as it is; processes are dead.
    pub fn restore_volumes(&self, image: &Image, volumes: &[VolumeId]) {
        let mut state = self.lock_state();
        let mut whole = state.image();
        for VolumeId(place) in volumes {
            whole.volumes[*place] = image.volumes[*place].clone();
        }
        state.put(whole);
    }

    /// Keeps a copy of every file that gets a name in a path with this part.
    pub fn keep_renamed(&self, part: &[u8]) {
        self.lock_state().watched = Some(part.into());
    }

    /// The copies since the last call, by path.
    pub fn take_renamed(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        std::mem::take(&mut self.lock_state().renamed)
    }

    /// What a volume is from now on.
    pub fn set_options(&self, volume: VolumeId, options: VolumeOptions) {
        self.lock_state().volumes[volume.0].options = options;
    }

    /// What a volume is.
    pub fn options(&self, volume: VolumeId) -> VolumeOptions {
        self.lock_state().volumes[volume.0].options
    }

    /// Bytes that are used on a volume.
    pub fn used(&self, volume: VolumeId) -> u64 {
        self.lock_state().volumes[volume.0].used
    }

    /// The volume that a path lies on.
    ///
    /// # Errors
    /// When the path leads nowhere.
    pub fn volume_of(&self, path: impl AsRef<Path>) -> io::Result<VolumeId> {
        self.lock_state().resolve(path.as_ref(), false).map(|found| VolumeId(found.at.0))
    }

    /// Plans a fault.
    pub fn plan(&self, rule: Rule) -> Planned {
        self.lock_state().faults.plan(rule)
    }

    /// Plans no more faults.
    pub fn forget_faults(&self) {
        self.lock_state().faults.clear();
    }

    /// Plans no more faults, heals bad sectors.
    pub fn heal(&self) {
        let mut state = self.lock_state();
        state.faults.clear();
        state.unreadable.clear();
    }

    /// Mutating calls so far: what cuts are counted by.
    pub fn mutations(&self) -> u64 {
        self.lock_state().mutations
    }

    /// Calls so far, by kind.
    pub fn calls(&self) -> BTreeMap<Op, u64> {
        self.lock_state().counts.clone()
    }

    /// Whether the process was killed by a fault and has not begun its next life.
    pub fn is_halted(&self) -> bool {
        self.lock_state().halted
    }

    /// Kills the process now: every later call fails until [`SimDisk::kill`] or a crash begins the next life.
    pub fn halt(&self) {
        self.lock_state().halted = true;
    }

    /// Ends the process and begins the next one: handles and locks are dead, what was written is there.
    pub fn kill(&self) {
        self.lock_state().end_life();
    }

    /// Loss of power on all volumes, and the next life.
    pub fn crash(&self, choose: &mut dyn FnMut(usize, &Pending) -> Fate) {
        let mut state = self.lock_state();
        let image = state.image().crashed(choose);
        state.put(image);
    }

    /// Loss of power on these volumes alone, which are one machine's, and the next life.
    pub fn crash_volumes(&self, volumes: &[VolumeId], choose: &mut dyn FnMut(usize, &Pending) -> Fate) {
        let mut state = self.lock_state();
        let now = state.tick();
        let mut base = 0;
        for volume in volumes {
            let count = state.volumes[volume.0].pending.len();
            state.volumes[volume.0].crash(now, &mut |place, one| choose(base + place, one));
            base += count;
        }
        state.end_life();
    }

    /// All of it as it is now, what is not durable included.
    pub fn snapshot(&self) -> Image {
        self.lock_state().image()
    }

    /// Puts an image back, in a new life. Planned faults stay.
    pub fn restore(&self, image: &Image) {
        self.lock_state().put(image.clone());
    }

    /// Records the image before every mutating call from now on.
    pub fn record(&self) {
        self.lock_state().cuts = Some(Vec::new());
    }

    /// What was recorded: the call that was about to come, and the image before it. Ends the recording.
    pub fn recorded(&self) -> Vec<(Op, Image)> {
        self.lock_state().cuts.take().unwrap_or_default()
    }

    /// Puts a file there, replacing what has the name, with its parents; durable.
    ///
    /// # Errors
    /// When something is in the way.
    pub fn put(&self, path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
        self.plant(path.as_ref(), |now| {
            let mut content = Content::default();
            content.write(bytes, 0);
            Node::new(Body::File(content), 0o644, now)
        })
    }

    /// Puts a directory there, with its parents; durable. One that is there stays.
    ///
    /// # Errors
    /// When something is in the way.
    pub fn put_dir(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let mut state = self.lock_state();
        let (dir, name) = state.parent(path.as_ref())?;
        match state.lookup(dir, &name) {
            Ok(at) if state.node(at)?.names().is_some() => {}
            Ok(_) => return Err(not_a_directory()),
            Err(_) => drop(state.make_dir(dir, &name, 0o755)?),
        }
        state.volumes[dir.0].sync_all();
        Ok(())
    }

    /// Puts a symbolic link there; durable.
    ///
    /// # Errors
    /// When something is in the way.
    pub fn put_link(&self, path: impl AsRef<Path>, target: impl AsRef<Path>) -> io::Result<()> {
        self.plant(path.as_ref(), |now| Node::new(Body::Link(target.as_ref().as_os_str().as_bytes().to_vec()), 0o777, now))
    }

    /// Puts a thing there that is neither file, directory nor link; durable.
    ///
    /// # Errors
    /// When something is in the way.
    pub fn put_other(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.plant(path.as_ref(), |now| Node::new(Body::Other, 0o644, now))
    }

    /// Removes what is there, with everything below it; durable. That nothing is there is no error.
    ///
    /// # Errors
    /// When the way there is none.
    pub fn take(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let mut state = self.lock_state();
        let (dir, name) = state.parent(path.as_ref())?;
        let Ok(at) = state.lookup(dir, &name) else { return Ok(()) };
        let volume = &mut state.volumes[at.0];
        volume.sync_all();
        volume.live.set_name(dir.1, &name, None);
        volume.live.forget_nameless();
        volume.used = volume.live.bytes();
        volume.sync_all();
        Ok(())
    }

    /// Renames by hand, replacing what has the name; durable.
    ///
    /// # Errors
    /// When there is nothing, or on another volume.
    pub fn shift(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
        let mut state = self.lock_state();
        let (from, to) = (state.parent(from.as_ref())?, state.parent(to.as_ref())?);
        let volume = &mut state.volumes[from.0.0];
        volume.rename((from.0.1, &from.1), (to.0.1, &to.1), store::disk::Rename::Replace, false)?;
        volume.live.forget_nameless();
        volume.used = volume.live.bytes();
        volume.sync_all();
        Ok(())
    }

    /// Changes a file's bytes as they lie, its times unchanged: rot.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn rot(&self, path: impl AsRef<Path>, act: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.touch(path.as_ref(), |node, _| {
            let Body::File(content) = &mut node.body else { return };
            let mut bytes = content.bytes();
            act(&mut bytes);
            *content = Content::default();
            content.write(&bytes, 0);
        })
    }

    /// Sets the attributes of what is there; a person did it, so the system's own time moves.
    ///
    /// # Errors
    /// When there is nothing.
    pub fn set_attributes(&self, path: impl AsRef<Path>, mode: Option<u32>, modified: Option<i64>) -> io::Result<()> {
        self.touch(path.as_ref(), |node, now| {
            node.mode = mode.unwrap_or(node.mode);
            node.modified = modified.unwrap_or(node.modified);
            node.changed = now;
        })
    }

    /// A bad sector: reading this file, or listing this directory, fails until [`SimDisk::heal`].
    ///
    /// # Errors
    /// When there is nothing.
    pub fn spoil(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let mut state = self.lock_state();
        let (dir, name) = state.parent(path.as_ref())?;
        let at = state.lookup(dir, &name)?;
        state.unreadable.insert(at);
        Ok(())
    }

    /// The bytes of a file.
    pub fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        self.snapshot().read(path)
    }

    /// Everything below a directory, by relative path.
    pub fn below(&self, path: &str) -> BTreeMap<Vec<u8>, Thing> {
        self.snapshot().below(path)
    }

    fn plant(&self, path: &Path, node: impl FnOnce(i64) -> Node) -> io::Result<()> {
        let mut state = self.lock_state();
        let (dir, name) = state.parent(path)?;
        let now = state.tick();
        let volume = &mut state.volumes[dir.0];
        match volume.lookup(dir.1, &name)? {
            Some(there) if volume.live.names(there).is_some() => return Err(is_a_directory()),
            // Who writes a file anew keeps its inode and its mode.
            Some(there) => {
                let mut node = node(now);
                node.mode = volume.live.get(there).map_or(node.mode, |before| before.mode);
                volume.live.insert(there, node);
            }
            None => drop(state.make(dir, &name, node(now))?),
        }
        let volume = &mut state.volumes[dir.0];
        volume.used = volume.live.bytes();
        volume.sync_all();
        Ok(())
    }

    fn touch(&self, path: &Path, act: impl FnOnce(&mut Node, i64)) -> io::Result<()> {
        let mut state = self.lock_state();
        let (dir, name) = state.parent(path)?;
        let at = state.lookup(dir, &name)?;
        let now = state.tick();
        let volume = &mut state.volumes[at.0];
        act(volume.live.get_mut(at.1).ok_or_else(not_found)?, now);
        volume.used = volume.live.bytes();
        volume.sync_all();
        Ok(())
    }
}

impl State {
    fn put(&mut self, image: Image) {
        self.nameless.clear();
        self.end_life();
        (self.volumes, self.mounts) = (image.volumes, image.mounts);
        (self.next_ino, self.now) = (image.next_ino, image.now);
        if image.nameless {
            self.volumes.iter_mut().for_each(|volume| volume.live.forget_nameless());
        }
    }

    /// The directory of a path, made if it is missing, and the last name.
    fn parent(&mut self, path: &Path) -> io::Result<(At, Vec<u8>)> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.as_bytes().to_vec();
        component(&name)?;
        let mut at = (0, ROOT);
        let parts = path.parent().unwrap_or(Path::new("/")).as_os_str().as_bytes();
        for part in parts.split(|byte| *byte == b'/').filter(|part| !part.is_empty()) {
            let next = match self.lookup(at, part) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let now = self.tick();
                    self.make(at, part, Node::new(Body::Dir(Names::new()), 0o755, now))?
                }
                other => other?,
            };
            at = self.mounts.get(&next).map_or(next, |volume| (*volume, ROOT));
        }
        Ok((at, name))
    }
}
