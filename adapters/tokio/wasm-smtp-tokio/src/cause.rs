//! Why this side gave up a session.

use std::io;
use std::sync::Arc;

use wasm_smtp::{Error, Reason, Violation};

use crate::tls;

/// Why this side gave up a session: what the engine cannot know.
#[derive(Clone, Default)]
pub(crate) struct Cause {
    reason: Option<Reason>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    note: Option<String>,
}

impl Cause {
    pub(crate) fn of(reason: Reason, source: io::Error) -> Self {
        Self { reason: Some(reason), source: Some(Arc::new(source)), note: None }
    }

    pub(crate) fn io(source: io::Error) -> Self {
        let reason = match source.kind() {
            io::ErrorKind::ConnectionReset => Some(Reason::ConnectionReset),
            _ => tls::explain(&source),
        };
        let source: Arc<dyn std::error::Error + Send + Sync> =
            match source.downcast::<rustls::Error>() {
                Ok(of_tls) => Arc::new(of_tls),
                Err(source) => Arc::new(source),
            };
        Self { reason, source: Some(source), note: None }
    }

    pub(crate) fn policy(violation: Violation) -> Self {
        Self { reason: Some(Reason::Policy), source: None, note: Some(violation.0) }
    }

    /// The engine's error, told more exactly. Whether the message is in doubt stays the engine's.
    pub(crate) fn explain(&self, mut error: Error) -> Error {
        if let Some(reason) = self.reason {
            let retryable = error.is_retryable() && is_of_the_wire(reason);
            error = error.with_reason(reason).with_retryable(retryable);
        }
        if let Some(source) = &self.source {
            error = error.with_source(source.clone());
        }
        match &self.note {
            Some(note) => error.with_note(note.as_str()),
            None => error,
        }
    }
}

/// A certificate or a source that is wrong will be wrong again.
fn is_of_the_wire(reason: Reason) -> bool {
    matches!(reason, Reason::ConnectionReset | Reason::ConnectionRefused)
}
