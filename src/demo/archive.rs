//! The sample archive: asset cards, contracts, a register and scans of three invented villages, and what is changed in it.
//! Everything in it is made up; the files lie in `fixtures/demo/`.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_bytes!(concat!("../../fixtures/demo/archive/", $path)))),*]
    };
}

/// The archive by relative path.
pub const FILES: &[(&str, &[u8])] = files![
    "说明.txt",
    "资产卡片/柳溪村 打谷场.json",
    "资产卡片/柳溪村 抽水泵站.json",
    "资产卡片/柳溪村 办公用房.json",
    "资产卡片/青杨村 一号仓库.json",
    "资产卡片/青杨村 冷藏库.json",
    "资产卡片/青杨村 农机具.json",
    "资产卡片/枫桥村 文化礼堂.json",
    "资产卡片/枫桥村 蓄水池.json",
    "承包合同/柳溪村 承包合同 2021-001.txt",
    "承包合同/青杨村 承包合同 2021-014.txt",
    "承包合同/枫桥村 承包合同 2022-003.txt",
    "宅基地/宅基地使用权登记簿 2023.csv",
    "股权/柳溪村 股权名册 2023.csv",
    "扫描件/柳溪村 打谷场 权属证明.png",
    "扫描件/青杨村 一号仓库 平面图.png",
    "扫描件/枫桥村 承包合同 2022-003 签字页.png",
];

/// The large scan, of which only the changed part crosses.
pub const SCAN: &str = "扫描件/柳溪村 打谷场 权属证明.png";
/// A note that somebody adds to it: one whole chunk of a PNG file.
const NOTE: &[u8] = include_bytes!("../../fixtures/demo/changes/note.png-chunk");
/// Where the note goes: behind the signature and the header of the image.
const NOTE_AT: usize = 33;
const CARD: &str = "资产卡片/青杨村 一号仓库.json";
const CARD_CHANGE: (&str, &str) = ("\"使用状态\": \"闲置\"", "\"使用状态\": \"出租\"");
const DELETED: &str = "资产卡片/枫桥村 蓄水池.json";
const RENAMED: (&str, &str) = ("扫描件/青杨村 一号仓库 平面图.png", "扫描件/青杨村 一号仓库 平面图（2024 复测）.png");
const REGISTER: &str = "宅基地/宅基地使用权登记簿 2023.csv";
const REGISTER_LINE: &str = "YS-2023-0013,柳溪村,示例户 13,118.50,自用,2023-12-08\n";
const NEW_CARD: (&str, &[u8]) = ("资产卡片/枫桥村 光伏电站.json", include_bytes!("../../fixtures/demo/changes/枫桥村 光伏电站.json"));

/// Last change of every file when the story begins: 2024-03-01 08:00 UTC.
const BEGAN_SECONDS: u64 = 1_709_280_000;

/// Writes the archive below `root`.
pub fn write(root: &Path) -> io::Result<()> {
    FILES.iter().try_for_each(|(path, content)| put(root, path, content, 0))
}

/// A working day: a card is edited, a note added to the large scan, a card deleted, a scan renamed.
pub fn work(root: &Path) -> io::Result<()> {
    let card = fs::read_to_string(root.join(CARD))?;
    put(root, CARD, card.replace(CARD_CHANGE.0, CARD_CHANGE.1).as_bytes(), 1)?;
    let mut scan = fs::read(root.join(SCAN))?;
    scan.splice(NOTE_AT..NOTE_AT, NOTE.iter().copied());
    put(root, SCAN, &scan, 1)?;
    fs::remove_file(root.join(DELETED))?;
    fs::rename(root.join(RENAMED.0), root.join(RENAMED.1))
}

/// One more line in the register.
pub fn register(root: &Path) -> io::Result<()> {
    let mut register = fs::read(root.join(REGISTER))?;
    register.extend_from_slice(REGISTER_LINE.as_bytes());
    put(root, REGISTER, &register, 2)
}

/// One more card.
pub fn card(root: &Path) -> io::Result<()> {
    put(root, NEW_CARD.0, NEW_CARD.1, 3)
}

fn put(root: &Path, path: &str, content: &[u8], day: u64) -> io::Result<()> {
    let path = root.join(path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&path, content)?;
    fs::File::options().write(true).open(&path)?.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(BEGAN_SECONDS + day * 86_400))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::tree;

    #[test]
    fn each_change_changes_what_it_says() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root).unwrap();
        let first = tree::read(root).unwrap();
        assert_eq!(first.len(), FILES.len());
        work(root).unwrap();
        let second = tree::read(root).unwrap();
        assert_ne!(first[CARD].content, second[CARD].content);
        assert_eq!(second[SCAN].content.len(), first[SCAN].content.len() + NOTE.len());
        assert!(first.contains_key(DELETED) && !second.contains_key(DELETED));
        assert_eq!(first[RENAMED.0], second[RENAMED.1]);
        register(root).unwrap();
        card(root).unwrap();
        let third = tree::read(root).unwrap();
        assert_ne!(second[REGISTER].content, third[REGISTER].content);
        assert_eq!(third.len(), second.len() + 1);
    }

    #[test]
    fn the_archive_is_small_and_every_file_of_the_fixture_is_in_it() {
        let bytes: usize = FILES.iter().map(|(_, content)| content.len()).sum();
        assert!((100 << 10..400 << 10).contains(&bytes), "{bytes}");
        let scan = FILES.iter().find(|(path, _)| *path == SCAN).unwrap().1;
        assert!(scan.len() >= 160 << 10 && scan.starts_with(b"\x89PNG\r\n\x1a\n"));
        let fixture = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/demo/archive"));
        let mut there: Vec<String> = tree::read(fixture).unwrap().into_keys().collect();
        let mut embedded: Vec<String> = FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
        there.sort();
        embedded.sort();
        assert_eq!(there, embedded);
    }
}
