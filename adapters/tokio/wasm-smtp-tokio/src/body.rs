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
    /// What is left of a message that is there as a whole.
    Octets(&'a [u8]),
    /// A stream, read in pieces.
    Stream(Stream<'a>),
}

pub(crate) struct Stream<'a> {
    source: Pin<&'a mut (dyn AsyncRead + Send)>,
    piece: Box<[u8]>,
    start: usize,
    end: usize,
    /// Octets read so far.
    total: u64,
}

/// What a body has to offer now.
pub(crate) enum Piece<'a> {
    Octets(&'a [u8]),
    End,
}

impl<'a> Body<'a> {
    pub(crate) fn stream(source: Pin<&'a mut (dyn AsyncRead + Send)>) -> Self {
        let piece = vec![0; PIECE].into_boxed_slice();
        Self::Stream(Stream { source, piece, start: 0, end: 0, total: 0 })
    }

    /// The next octets; say with [`taken`](Body::taken) how many were of use.
    pub(crate) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Piece<'_>>> {
        match self {
            Self::None => Poll::Pending,
            Self::Octets([]) => Poll::Ready(Ok(Piece::End)),
            Self::Octets(octets) => Poll::Ready(Ok(Piece::Octets(octets))),
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
            Self::Octets(octets) => *octets = &octets[count..],
            Self::Stream(stream) => stream.start += count,
        }
    }

    /// Octets left of a message that is there as a whole.
    pub(crate) fn left(&self) -> usize {
        match self {
            Self::Octets(octets) => octets.len(),
            _ => 0,
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
