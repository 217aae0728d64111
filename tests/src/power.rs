//! A disk whose power can be cut: ext4 in a file, over a loop device.
//!
//! What a program has written and not synced lies in the kernel's pages of that file system and reaches the file
//! behind it only by `fsync` or by the kernel's own slow writing back, which is put off here. A copy of the file
//! taken at the moment of the kill is therefore what a disk would hold after a power cut; mounting the copy
//! replays ext4's journal, as a start after the cut would.
//!
//! Kinder than a real disk in one respect: a block that was handed to the disk counts as written although no
//! flush followed it. A program that never flushes is found out all the same.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A mounted image. Unmounted when dropped.
pub struct Disk {
    image: PathBuf,
    place: PathBuf,
}

impl Disk {
    /// A new empty disk; why not, where this machine does not allow it (no root, no loop device).
    pub fn make(folder: &Path, name: &str) -> Result<Self, String> {
        let image = folder.join(format!("{name}.img"));
        std::fs::File::create(&image)
            .and_then(|file| file.set_len(512 * 1024 * 1024))
            .map_err(|error| error.to_string())?;
        run(Command::new("mkfs.ext4").args(["-q", "-F", "-E", "lazy_itable_init=0"]).arg(&image))?;
        Self::mount(&image, folder.join(name))
    }

    fn mount(image: &Path, place: PathBuf) -> Result<Self, String> {
        std::fs::create_dir_all(&place).map_err(|error| error.to_string())?;
        // The journal is committed by fsync alone, not every five seconds; delayed allocation stays on.
        run(Command::new("mount").args(["-o", "loop,commit=3600"]).arg(image).arg(&place))?;
        Ok(Self { image: image.to_owned(), place })
    }

    /// Where programs write.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// All that is written is on the disk: the state before the story begins.
    pub fn sync(&self) {
        run(Command::new("sync").arg("-f").arg(&self.place)).expect("a sync");
    }

    /// The disk as a power cut would leave it now, mounted beside this one.
    pub fn after_power_cut(&self, folder: &Path, name: &str) -> Self {
        let copy = folder.join(format!("{name}.img"));
        run(Command::new("cp").arg("--sparse=always").arg(&self.image).arg(&copy)).expect("a copy");
        Self::mount(&copy, folder.join(name)).expect("the copy mounts: ext4 replays its journal")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: whoever still has a file open there is on the way out.
        if let Err(why) = run(Command::new("umount").arg("-l").arg(&self.place)) {
            tracing::warn!(why, "a disk stays mounted");
        }
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().display().to_string();
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Err(format!("{name}: {error}")),
    }
}
