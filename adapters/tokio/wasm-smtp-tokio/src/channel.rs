//! The connection, in the clear or within TLS.

use std::io;
use std::pin::Pin;
use std::task::{ready, Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;
use wasm_smtp::ChannelBinding;

pub(crate) enum Channel<S> {
    Plain(S),
    Tls(Box<TlsStream<S>>),
    /// Closed, or away for a handshake.
    Gone,
}

fn gone() -> io::Error {
    io::ErrorKind::NotConnected.into()
}

impl<S: AsyncRead + AsyncWrite + Unpin> Channel<S> {
    /// Takes the connection for a handshake.
    pub(crate) fn take_plain(&mut self) -> Option<S> {
        match std::mem::replace(self, Self::Gone) {
            Self::Plain(stream) => Some(stream),
            _ => None,
        }
    }

    /// What ties a login to this channel: tls-exporter (RFC 9266) of TLS 1.3. Of TLS 1.2 none, for
    /// its exporter is unique only with an extension that rustls does not report.
    pub(crate) fn binding(&self) -> Option<ChannelBinding> {
        let Self::Tls(stream) = self else { return None };
        let connection = stream.get_ref().1;
        if connection.protocol_version() != Some(rustls::ProtocolVersion::TLSv1_3) {
            return None;
        }
        let label = b"EXPORTER-Channel-Binding";
        let octets = connection.export_keying_material([0; 32], label, None).ok()?;
        Some(ChannelBinding::TlsExporter(octets))
    }

    /// Reads into `room`; 0 octets are the end.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(room);
        let result = match self {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_read(cx, &mut buffer),
            Self::Gone => Poll::Ready(Err(gone())),
        };
        match ready!(result) {
            Ok(()) => Poll::Ready(Ok(buffer.filled().len())),
            // TLS without close_notify. What SMTP has to say ends with its own line ends, so that an
            // attacker who cuts the connection gains no more than by cutting TCP.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(0)),
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, octets),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_write(cx, octets),
            Self::Gone => Poll::Ready(Err(gone())),
        }
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_flush(cx),
            Self::Gone => Poll::Ready(Err(gone())),
        }
    }

    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_shutdown(cx),
            Self::Gone => Poll::Ready(Ok(())),
        }
    }
}
