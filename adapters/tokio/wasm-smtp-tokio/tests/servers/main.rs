//! Sessions with real servers: Postfix with Dovecot's SASL, smtp-server, smtp-sink.

#[path = "../common/mod.rs"]
mod common;

mod binding;
mod certificates;
mod extensions;
mod keys;
mod load;
mod login;
mod overlap;
mod send;
