//! Sends mail by SMTP (RFC 5321) from programs on tokio, with TLS by rustls. The protocol is the
//! crate `wasm-smtp`, whose types are exported here.
//!
//! ```no_run
//! use wasm_smtp_tokio::connect_smtps;
//!
//! # async fn example() -> Result<(), wasm_smtp_tokio::Error> {
//! let mut client = connect_smtps("smtp.example.org", 465, "www.example.org").await?;
//! client.login("site@example.org", "password").await?;
//! let letter = "From: Site <site@example.org>\r\nTo: Ann <ann@example.net>\r\nSubject: Hello\r\n\r\nHello.\r\n";
//! let outcome = client.send_mail("site@example.org", &["ann@example.net"], letter).await?;
//! println!("accepted as {}", outcome.queue_id().unwrap_or("?"));
//! client.quit().await;
//! # Ok(())
//! # }
//! ```
//!
//! - Certificates and names are always verified. There is no switch to turn that off; a private
//!   authority is given with [`ConnectOptions::root_store`].
//! - Every recipient has exactly one [`Status`]. A call fails if none was accepted; the outcomes are
//!   then in [`Error::recipients`].
//! - Every wait has a limit: [`ConnectOptions::timeouts`].
//! - Dropping a future ends the session it was working on: the connection is closed, and what was
//!   half sent is never continued, so that the server throws it away. The client then answers
//!   [`Reason::Closed`]. Futures that were not polled have done nothing.
//!
//! # Cargo features
//!
//! | feature | default | |
//! |---|---|---|
//! | `aws-lc-rs`, `ring` | `aws-lc-rs` | the crypto provider: exactly one |
//! | `native-roots`, `bundled-roots` | `native-roots` | trust anchors of the system, or Mozilla's built in |
//! | `scram`, `oauth`, `cram-md5`, `smtputf8` | on | parts of the engine |
//! | `idna` | on | domains beyond ASCII |
//! | `tracing` | off | spans and events, without secrets and addresses |
//! | `mail-builder` | off | [`SmtpClient`]`::send_message` |

#[cfg(all(feature = "aws-lc-rs", feature = "ring"))]
compile_error!(
    "the features `aws-lc-rs` and `ring` exclude each other: for `ring` set default-features = false"
);
#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
compile_error!("one of the features `aws-lc-rs` and `ring` is needed: the crypto provider");

mod body;
mod cause;
mod channel;
mod client;
mod command;
mod connect;
mod drive;
mod hurry;
mod login;
mod options;
mod send;
mod send_all;
mod tls;
mod trace;

pub use client::SmtpClient;
pub use connect::{
    connect_over, connect_smtp_plaintext, connect_smtp_starttls, connect_smtp_starttls_with,
    connect_smtps, connect_smtps_with,
};
pub use options::{ConnectOptions, Roots};
pub use rustls;
pub use send_all::SendAll;
pub use wasm_smtp::{
    address, AuditEvent, AuditSink, BodyType, BoundedPolicy, Capabilities, ChannelBinding,
    Credentials, DerivedKey, DsnReturn, EnhancedCode, Envelope, Error, ErrorKind, Extension, Field,
    Hash, KeyCache, KeyId, LateDelivery, MailParameter, Mechanism, MemoryKeyCache, Notify, Outcome,
    Policy, PolicyRequest, RcptParameter, Reason, Recipient, RecipientOutcome, Reply, ReplyRef,
    Status, Step, Timeouts, Tls, Violation, XClient, XClientAttribute,
};

/// The book's page, so that its programs are compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/rust.md")]
struct Book;
