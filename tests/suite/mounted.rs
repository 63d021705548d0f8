//! File systems on images of their own, mounted for a test: what an archive or a medium lies on can be unmounted, replaced, and
//! damaged behind its back.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An image with a file system, and where it is mounted. Unmounted when dropped.
pub struct Image {
    image: PathBuf,
    at: PathBuf,
}

fn run(program: &str, arguments: &[&Path]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

impl Image {
    /// An ext4 file system of 16 MiB, mounted; `None`, with a notice, where this process may not mount.
    pub fn mounted(image: PathBuf, at: PathBuf) -> Option<Self> {
        let file = fs::File::create(&image).expect("an image can be made");
        file.set_len(16 << 20).expect("an image can be made");
        fs::create_dir_all(&at).expect("a mount point can be made");
        let image = Self { image, at };
        let ready = image.format() && image.mount();
        if !ready {
            println!("not tested: this process may not mount {}", image.image.display());
            return None;
        }
        fs::remove_dir(image.at.join("lost+found")).expect("it is empty");
        Some(image)
    }

    /// Makes the file system, always in the same second: so are the roots of disks that were made in a row.
    fn format(&self) -> bool {
        let mut mkfs = Command::new("mkfs.ext4");
        mkfs.args(["-q", "-O", "^has_journal"]).arg(&self.image).env("E2FSPROGS_FAKE_TIME", "1700000000");
        mkfs.output().is_ok_and(|output| output.status.success())
    }

    /// Mounts it.
    pub fn mount(&self) -> bool {
        run("mount", &["-o".as_ref(), "loop".as_ref(), &self.image, &self.at])
    }

    /// Unmounts it: what lay there is gone from sight.
    pub fn unmount(&self) {
        assert!(run("umount", &[&self.at]), "{} can be unmounted", self.at.display());
    }

    /// Replaces bytes on the image, which must be unmounted: no file system knows of it. Gives how often they were found.
    pub fn rot(&self, from: &[u8], to: &[u8]) -> usize {
        assert_eq!(from.len(), to.len());
        let mut bytes = fs::read(&self.image).expect("the image can be read");
        let places: Vec<usize> = bytes.windows(from.len()).enumerate().filter(|(_, window)| *window == from).map(|(place, _)| place).collect();
        places.iter().for_each(|place| bytes[*place..place + to.len()].copy_from_slice(to));
        fs::write(&self.image, bytes).expect("the image can be written");
        places.len()
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        run("umount", &["-l".as_ref(), &self.at]);
    }
}
