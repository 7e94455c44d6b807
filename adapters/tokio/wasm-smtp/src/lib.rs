//! A sans-I/O SMTP client (RFC 5321): octets in, octets out, events. It opens no connection, has no
//! clock and no runtime, so it works over any transport, blocking or not. The engine behind it is
//! written in C and shared with every other language of the project; everything here is safe.
//!
//! Servers on tokio want the crate `wasm-smtp-tokio`, which drives a [`Session`] over TCP and TLS.
//! `examples/blocking.rs` drives one over the standard library's sockets.
//!
//! - [`Session`] is one session; it is given a [`Config`], [`Credentials`] and [`Envelope`]s, and
//!   gives [`Event`]s.
//! - [`Outcome`] says what became of every recipient, exactly one [`Status`] each.
//! - [`Error`] is the one error: kind, reason, step, the server's reply, whether to try again.
//! - [`Policy`] and [`AuditSink`] are for drivers to call.
//!
//! Cargo features leave parts of the engine out: `scram`, `oauth` (XOAUTH2 and OAUTHBEARER),
//! `cram-md5`, `smtputf8`; `idna` is the tables for domains beyond ASCII. Asking for what was left out
//! is an error, never a silent change.

use wasm_smtp_sys as sys;

pub mod address;
mod audit;
mod capabilities;
mod config;
mod credentials;
mod envelope;
mod error;
mod event;
mod idn;
mod keys;
mod mechanism;
mod memory;
mod outcome;
mod parameter;
mod policy;
mod reason;
mod reply;
mod scan;
mod session;
mod text;
mod xclient;

pub use audit::{AuditEvent, AuditSink};
pub use capabilities::{Capabilities, Extension};
pub use config::{Config, Timeouts, Tls};
pub use credentials::{ChannelBinding, Credentials, DerivedKey, KeyRequest};
pub use envelope::{BodyType, Envelope, TransactionId};
pub use error::{Error, Field, Step};
pub use event::Event;
pub use keys::{Hash, KeyCache, KeyId, MemoryKeyCache};
pub use mechanism::Mechanism;
pub use outcome::{Outcome, RecipientOutcome, Status};
pub use parameter::{DsnReturn, LateDelivery, MailParameter, Notify, RcptParameter, Recipient};
pub use policy::{BoundedPolicy, Policy, PolicyRequest, Violation};
pub use reason::{ErrorKind, Reason};
pub use reply::{EnhancedCode, Reply, ReplyRef};
pub use scan::BodyScan;
pub use session::{IoFailure, Output, Session};
pub use xclient::{XClient, XClientAttribute};
