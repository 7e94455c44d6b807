//! Where a message comes from.

use std::io;
use std::pin::Pin;
use std::task::{ready, Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};

/// Octets read from a stream at once.
const PIECE: usize = 16 * 1024;

pub(crate) enum Body<'a> {
    /// No message is under way.
    None,
    /// A message that is there as a whole.
    Octets(Octets<'a>),
    /// A stream, read in pieces.
    Stream(Stream<'a>),
}

pub(crate) struct Octets<'a> {
    all: &'a [u8],
    /// How many of them were taken.
    taken: usize,
    over: bool,
}

pub(crate) struct Stream<'a> {
    source: Pin<&'a mut (dyn AsyncRead + Send)>,
    piece: Box<[u8]>,
    start: usize,
    end: usize,
    /// Octets read so far.
    total: u64,
    over: bool,
}

/// What a body has to offer now.
pub(crate) enum Piece<'a> {
    Octets(&'a [u8]),
    End,
}

impl<'a> Body<'a> {
    /// A message that is there as a whole, of which so much was taken.
    pub(crate) fn octets(all: &'a [u8], taken: usize) -> Self {
        Self::Octets(Octets { all, taken: taken.min(all.len()), over: false })
    }

    pub(crate) fn stream(source: Pin<&'a mut (dyn AsyncRead + Send)>) -> Self {
        let piece = vec![0; PIECE].into_boxed_slice();
        Self::Stream(Stream { source, piece, start: 0, end: 0, total: 0, over: false })
    }

    /// From its beginning: the first time, or again. A stream that has begun goes on.
    pub(crate) fn begin(&mut self) {
        if let Self::Octets(octets) = self {
            (octets.taken, octets.over) = (0, false);
        }
    }

    /// The session has all of it.
    pub(crate) fn end(&mut self) {
        match self {
            Self::None => {}
            Self::Octets(octets) => octets.over = true,
            Self::Stream(stream) => stream.over = true,
        }
    }

    /// Whether it can be given from its beginning.
    pub(crate) fn is_whole(&self) -> bool {
        self.streamed() == 0 && !matches!(self, Self::Stream(stream) if stream.over)
    }

    /// Octets taken of a message that is there as a whole, unless all of it was.
    pub(crate) fn taken_so_far(&self) -> Option<usize> {
        match self {
            Self::Octets(octets) if !octets.over => Some(octets.taken),
            _ => None,
        }
    }

    /// The next octets; say with [`taken`](Body::taken) how many were of use.
    pub(crate) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Piece<'_>>> {
        match self {
            Self::None => Poll::Pending,
            Self::Octets(Octets { over: true, .. }) => Poll::Pending,
            Self::Stream(Stream { over: true, .. }) => Poll::Pending,
            Self::Octets(octets) => Poll::Ready(Ok(match &octets.all[octets.taken..] {
                [] => Piece::End,
                rest => Piece::Octets(rest),
            })),
            Self::Stream(stream) => {
                if stream.start == stream.end {
                    let mut buffer = ReadBuf::new(&mut stream.piece);
                    ready!(stream.source.as_mut().poll_read(cx, &mut buffer))?;
                    (stream.start, stream.end) = (0, buffer.filled().len());
                    stream.total += stream.end as u64;
                }
                Poll::Ready(Ok(match &stream.piece[stream.start..stream.end] {
                    [] => Piece::End,
                    octets => Piece::Octets(octets),
                }))
            }
        }
    }

    pub(crate) fn taken(&mut self, count: usize) {
        match self {
            Self::None => {}
            Self::Octets(octets) => octets.taken += count,
            Self::Stream(stream) => stream.start += count,
        }
    }

    /// Octets read from a stream so far; of a message that is there as a whole the size is known.
    pub(crate) fn streamed(&self) -> u64 {
        match self {
            Self::Stream(stream) => stream.total,
            _ => 0,
        }
    }
}
