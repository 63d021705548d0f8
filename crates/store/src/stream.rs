//! Files front to back on a thread of their own, so that input, output and computing run side by side: [`read_ahead`] and
//! [`Behind`].
//!
//! Guarantees: at most [`STEPS`] buffers of [`STEP_BYTES`] each; bytes arrive in order; the first error ends the stream and
//! is the one that is told. Buffers lie so that the system can take them without a copy, past its memory where the caller
//! asked for that (`File::past_memory`).

use crate::aligned::{ALIGN, Aligned};
use crate::disk::File;
use std::io::{self, BufRead, Read};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// Bytes of one reading or writing.
pub const STEP_BYTES: usize = 2 << 20;
/// Buffers in use at once.
const STEPS: usize = 3;

/// Buffers that were filled, and how far.
type Full = Receiver<io::Result<(Aligned, usize)>>;

/// A file from one offset to its end, read ahead.
pub struct Ahead {
    /// To and from the thread that reads; none when all is here.
    thread: Option<(Full, SyncSender<Aligned>)>,
    /// What reading without a thread met.
    failed: Option<io::Error>,
    now: Option<Aligned>,
    at: usize,
    end: usize,
}

/// Reads `file` from `offset` on while `work` takes it.
///
/// # Errors
/// When no thread can be had; what reading meets comes out of [`Ahead`].
pub fn read_ahead<T>(file: &mut dyn File, offset: u64, work: impl FnOnce(&mut Ahead) -> T) -> io::Result<T> {
    let skip = offset % ALIGN as u64;
    let mut from = offset - skip;
    let at = usize::try_from(skip).expect("below a page");
    if let Ok(size) = file.stat().map(|stat| stat.size)
        && size < from + STEP_BYTES as u64
    {
        // One byte more than there is, so that the end is seen; a full buffer would say that it grew meanwhile.
        let mut buffer = Aligned::new(usize::try_from(size.saturating_sub(from) + 1).expect("less than a step"));
        match file.read_at(&mut buffer, from) {
            Ok(end) if end == buffer.len() => {}
            Ok(end) => return Ok(work(&mut Ahead { thread: None, failed: None, now: Some(buffer), at: at.min(end), end })),
            Err(error) => return Ok(work(&mut Ahead { thread: None, failed: Some(error), now: None, at: 0, end: 0 })),
        }
    }
    let (full_to, full) = sync_channel(STEPS);
    let (empty, empty_from) = sync_channel::<Aligned>(STEPS);
    for _ in 0..STEPS {
        empty.send(Aligned::new(STEP_BYTES)).expect("the other end is in this function");
    }
    thread::scope(|scope| {
        let read = move || {
            while let Ok(mut buffer) = empty_from.recv() {
                let read = file.read_at(&mut buffer, from);
                from += STEP_BYTES as u64;
                let last = !matches!(read, Ok(STEP_BYTES));
                if full_to.send(read.map(|read| (buffer, read))).is_err() || last {
                    return;
                }
            }
        };
        thread::Builder::new().spawn_scoped(scope, read)?;
        let mut ahead = Ahead { thread: Some((full, empty)), failed: None, now: None, at, end: 0 };
        Ok(work(&mut ahead))
    })
}

impl BufRead for Ahead {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.failed.take().map_or(Ok(()), Err)?;
        if self.at >= self.end
            && let Some((full, empty)) = &self.thread
        {
            // The place in the first buffer is kept: it may begin before the offset that was asked for.
            let skip = self.at - self.end;
            if let Some(used) = self.now.take() {
                // After its last reading the other thread wants no more.
                let _ended = empty.send(used);
            }
            (self.at, self.end) = (0, 0);
            if let Ok(full) = full.recv() {
                let (buffer, bytes) = full?;
                (self.at, self.end) = (skip.min(bytes), bytes);
                self.now = Some(buffer);
            }
        }
        Ok(self.now.as_ref().map_or(&[], |buffer| &buffer[self.at..self.end]))
    }

    fn consume(&mut self, bytes: usize) {
        self.at += bytes;
    }
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut there = self.fill_buf()?;
        let read = there.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

/// A step of the writing thread: bytes of a buffer for an offset, or what is to be done with the file at the end.
enum Step {
    Write(Aligned, usize, usize, u64),
    Last(Box<Last>),
}

/// What is done with a file after its last byte.
pub type Last = dyn FnOnce(&mut dyn File) -> io::Result<()> + Send;

type Writer = JoinHandle<(Box<dyn File>, io::Result<()>)>;

/// A file that is written while its next bytes are made. What is written is in the file when [`Behind::finish`] or
/// [`Ending::wait`] says so; a dropped one leaves it torn.
pub struct Behind {
    full: SyncSender<Step>,
    /// Behind a lock so that what has a `Behind` can be shared; it is never contended.
    empty: Mutex<Receiver<Aligned>>,
    thread: Writer,
    now: Option<Aligned>,
    /// Where what waits begins in the file, and how much there is.
    start: u64,
    waits: usize,
}

/// A file that got its last byte and is on its way.
pub struct Ending(Writer);

impl Behind {
    /// Writes to `file`.
    ///
    /// # Errors
    /// When no thread can be had.
    pub fn new(mut file: Box<dyn File>) -> io::Result<Self> {
        let (full, full_from) = sync_channel(STEPS + 1);
        let (empty_to, empty) = sync_channel(STEPS);
        for _ in 0..STEPS {
            empty_to.send(Aligned::new(STEP_BYTES)).expect("the other end is in this function");
        }
        let write = move || {
            let result = full_from.into_iter().try_for_each(|step| match step {
                Step::Write(buffer, from, to, offset) => {
                    file.write_all_at(&buffer[from..to], offset)?;
                    // The other end goes when it wants no more buffers.
                    let _ended = empty_to.send(buffer);
                    file.start_writeback()
                }
                Step::Last(last) => last(&mut *file),
            });
            (file, result)
        };
        let thread = thread::Builder::new().spawn(write)?;
        Ok(Self { full, empty: Mutex::new(empty), thread, now: None, start: 0, waits: 0 })
    }

    /// Takes bytes for `offset`.
    ///
    /// # Errors
    /// `BrokenPipe` when an earlier writing failed; [`Behind::finish`] tells why.
    pub fn write_all_at(&mut self, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
        if offset != self.start + self.waits as u64 {
            self.send()?;
            self.start = offset;
        }
        while !bytes.is_empty() {
            let at = self.remainder() + self.waits;
            let buffer = match &mut self.now {
                Some(buffer) => buffer,
                none => none.insert(self.empty.get_mut().map_err(|_| ended())?.recv().map_err(|_| ended())?),
            };
            let count = bytes.len().min(buffer.len() - at);
            buffer[at..at + count].copy_from_slice(&bytes[..count]);
            self.waits += count;
            offset += count as u64;
            bytes = &bytes[count..];
            if at + count == STEP_BYTES {
                self.send()?;
                self.start = offset;
            }
        }
        Ok(())
    }

    /// A place in memory has the remainder of its place in the file.
    fn remainder(&self) -> usize {
        usize::try_from(self.start % ALIGN as u64).expect("below a page")
    }

    fn send(&mut self) -> io::Result<()> {
        let Some(buffer) = self.now.take() else { return Ok(()) };
        let first = self.remainder();
        let step = Step::Write(buffer, first, first + self.waits, self.start);
        self.start += self.waits as u64;
        self.waits = 0;
        self.full.send(step).map_err(|_| ended())
    }

    /// Has `last` done with the file after its last byte; does not wait.
    ///
    /// # Errors
    /// The first that writing met, if it is known already.
    pub fn end(mut self, last: Box<Last>) -> io::Result<Ending> {
        let sent = self.send().and_then(|()| self.full.send(Step::Last(last)).map_err(|_| ended()));
        match sent {
            Ok(()) => Ok(Ending(self.thread)),
            Err(_) => Err(self.finish().err().unwrap_or_else(ended)),
        }
    }

    /// Waits until everything is written; gives the file back.
    ///
    /// # Errors
    /// The first that writing met.
    pub fn finish(mut self) -> io::Result<Box<dyn File>> {
        let sent = self.send();
        drop(self.full);
        let (file, result) = self.thread.join().map_err(|_| ended())?;
        result.and(sent).map(|()| file)
    }
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "an earlier writing to this file failed")
}

impl Ending {
    /// Waits for the end.
    ///
    /// # Errors
    /// The first that writing met.
    pub fn wait(self) -> io::Result<()> {
        let (_, result) = self.0.join().map_err(|_| ended())?;
        result
    }
}

#[cfg(test)]
#[path = "stream_test.rs"]
mod tests;
