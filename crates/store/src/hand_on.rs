//! For disks that are another disk but for some calls: what is handed on to that one is named and not written down.

/// Methods of [`Disk`](crate::disk::Disk) or of [`File`](crate::disk::File), inside the implementation, that hand the call on to a
/// field: `hand_on!(Disk to real: root list)`.
#[macro_export]
macro_rules! hand_on {
    ($what:ident to $to:tt: $($method:ident)+) => { $($crate::hand_on!(@ $what $to $method);)+ };
    (@ Disk $to:tt root) => { $crate::hand_on!(@ $to root(path: &std::path::Path) $crate::disk::Dir); };
    (@ Disk $to:tt make_root) => { $crate::hand_on!(@ $to make_root(path: &std::path::Path) $crate::disk::Dir); };
    (@ Disk $to:tt dir) => { $crate::hand_on!(@ $to dir(base: &$crate::disk::Dir, path: &[u8], make: bool) $crate::disk::Dir); };
    (@ Disk $to:tt list) => { $crate::hand_on!(@ $to list(dir: &$crate::disk::Dir) Vec<$crate::disk::Entry>); };
    (@ Disk $to:tt stat) => { $crate::hand_on!(@ $to stat(dir: &$crate::disk::Dir, name: &[u8]) $crate::disk::Stat); };
    (@ Disk $to:tt rename) => {
        $crate::hand_on!(@ $to rename(from: (&$crate::disk::Dir, &[u8]), to: (&$crate::disk::Dir, &[u8]), how: $crate::disk::Rename) ());
    };
    (@ Disk $to:tt remove) => { $crate::hand_on!(@ $to remove(dir: &$crate::disk::Dir, name: &[u8]) ()); };
    (@ Disk $to:tt remove_dir) => { $crate::hand_on!(@ $to remove_dir(dir: &$crate::disk::Dir, name: &[u8]) ()); };
    (@ Disk $to:tt sync_dir) => { $crate::hand_on!(@ $to sync_dir(dir: &$crate::disk::Dir) ()); };
    (@ Disk $to:tt sync_all) => { $crate::hand_on!(@ $to sync_all(dir: &$crate::disk::Dir) ()); };
    (@ Disk $to:tt space) => { $crate::hand_on!(@ $to space(dir: &$crate::disk::Dir) $crate::disk::Space); };
    (@ Disk $to:tt walk) => { $crate::hand_on!(@ $to walk(root: &std::path::Path, visit: &mut dyn FnMut($crate::disk::Met)) ()); };
    (@ Disk $to:tt lock) => { $crate::hand_on!(@ $to lock(dir: &$crate::disk::Dir, name: &[u8], hold: $crate::disk::Hold) Option<$crate::disk::Lock>); };
    (@ $to:tt $method:ident($($name:ident: $type:ty),*) $gives:ty) => {
        fn $method(&self, $($name: $type),*) -> std::io::Result<$gives> {
            self.$to.$method($($name),*)
        }
    };
    (@ File $to:tt read_at) => { $crate::hand_on!(@ mut $to read_at(buffer: &mut [u8], offset: u64) usize); };
    (@ File $to:tt stat) => { $crate::hand_on!(@ $to stat() $crate::disk::Stat); };
    (@ File $to:tt set_size) => { $crate::hand_on!(@ mut $to set_size(size: u64) ()); };
    (@ File $to:tt set_modified) => { $crate::hand_on!(@ mut $to set_modified(modified: i64) ()); };
    (@ File $to:tt set_mode) => { $crate::hand_on!(@ mut $to set_mode(mode: u32) ()); };
    (@ File $to:tt drop_cache) => { $crate::hand_on!(@ mut $to drop_cache() bool); };
    (@ File $to:tt past_memory) => { $crate::hand_on!(@ mut $to past_memory() bool); };
    (@ File $to:tt start_writeback) => { $crate::hand_on!(@ mut $to start_writeback() ()); };
    (@ mut $to:tt $method:ident($($name:ident: $type:ty),*) $gives:ty) => {
        fn $method(&mut self, $($name: $type),*) -> std::io::Result<$gives> {
            self.$to.$method($($name),*)
        }
    };
}
