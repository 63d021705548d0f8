//! Strict struct decoding, written from spec/README.md: whatever is not the one valid encoding fails here, so that there is
//! nothing left to compare after it.

/// The input is not the one valid encoding.
pub(super) struct Invalid;

type Result<T> = core::result::Result<T, Invalid>;

/// What is left of the input.
pub(super) struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Nothing may be left over.
    pub(super) fn end(&self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Invalid) }
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8]> {
        let length = usize::try_from(length).ok().filter(|length| *length <= self.0.len()).ok_or(Invalid)?;
        let (taken, left) = self.0.split_at(length);
        self.0 = left;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.take(N as u64)?.try_into().map_err(|_| Invalid)
    }
    pub(super) fn u8(&mut self) -> Result<u8> {
        self.array::<1>().map(|[byte]| byte)
    }
    pub(super) fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }
    pub(super) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }
    pub(super) fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }
    pub(super) fn i64(&mut self) -> Result<i64> {
        self.array().map(i64::from_le_bytes)
    }
    pub(super) fn boolean(&mut self) -> Result<bool> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Invalid),
        }
    }
    pub(super) fn bytes(&mut self) -> Result<Vec<u8>> {
        let length = self.u64()?;
        self.take(length).map(<[u8]>::to_vec)
    }
    pub(super) fn string(&mut self) -> Result<String> {
        String::from_utf8(self.bytes()?).map_err(|_| Invalid)
    }
    pub(super) fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        if self.boolean()? { read(self).map(Some) } else { Ok(None) }
    }
    /// Elements are read one by one, so that a count beyond the input ends with the input and not with the memory.
    pub(super) fn list<T>(&mut self, read: impl Fn(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let count = self.u64()?;
        let mut values = Vec::new();
        for _ in 0..count {
            values.push(read(self)?);
        }
        Ok(values)
    }
}
