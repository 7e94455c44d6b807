//! Commands of an idle session.

use tokio::io::{AsyncRead, AsyncWrite};
use wasm_smtp::{Error, Reply, Session, XClient};

use crate::body::Body;
use crate::client::SmtpClient;
use crate::drive::Signal;

impl<S: AsyncRead + AsyncWrite + Unpin> SmtpClient<S> {
    /// Asks the server for a sign of life. Not cancellation-safe.
    pub async fn noop(&mut self) -> Result<Reply, Error> {
        self.command(Session::noop).await
    }

    /// RSET. Never needed between messages. Not cancellation-safe.
    pub async fn reset(&mut self) -> Result<Reply, Error> {
        self.command(Session::reset).await
    }

    /// VRFY (RFC 5321 section 3.5): whether there is such a mailbox. 252 is "perhaps". If the server
    /// refuses, [`Error::reply`] says why, and the session goes on. Up to 254 octets; non-ASCII
    /// characters need SMTPUTF8. Not cancellation-safe.
    pub async fn vrfy(&mut self, mailbox: &str) -> Result<Reply, Error> {
        self.command(|session| session.vrfy(mailbox)).await
    }

    /// EXPN (RFC 5321 section 3.5): who is on a mailing list, one a line. As
    /// [`vrfy`](SmtpClient::vrfy).
    pub async fn expn(&mut self, list: &str) -> Result<Reply, Error> {
        self.command(|session| session.expn(list)).await
    }

    /// HELP about a command, or about all if `topic` is empty. As [`vrfy`](SmtpClient::vrfy).
    pub async fn help(&mut self, topic: &str) -> Result<Reply, Error> {
        self.command(|session| session.help(topic)).await
    }

    /// XCLIENT: tells a server that trusts us for whom we speak. The session starts again from EHLO, so
    /// that [`capabilities`](SmtpClient::capabilities) can change, and a login is forgotten. Not
    /// cancellation-safe.
    pub async fn xclient(&mut self, client: &XClient) -> Result<(), Error> {
        self.finish_login().await?;
        match self.carry_out(|session| session.xclient(client), Body::None).await? {
            Signal::Ready => Ok(()),
            Signal::Refused(error) => Err(error),
            signal => Err(self.unexpected(signal)),
        }
    }

    async fn command(
        &mut self,
        begin: impl FnMut(&mut Session) -> Result<(), Error>,
    ) -> Result<Reply, Error> {
        self.finish_login().await?;
        match self.carry_out(begin, Body::None).await? {
            Signal::Completed(reply) => Ok(reply),
            Signal::Refused(error) => Err(error),
            signal => Err(self.unexpected(signal)),
        }
    }
}
