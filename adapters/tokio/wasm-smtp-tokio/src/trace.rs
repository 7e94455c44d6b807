//! Spans and events, and the audit record, from the same places. Neither ever sees credentials or
//! messages; spans and events see no addresses either.

use std::sync::Arc;

use wasm_smtp::{AuditEvent, AuditSink};

/// Awaits a future within a span, if the feature `tracing` is on.
macro_rules! in_span {
    ($future:expr, $name:literal $(, $($field:tt)*)?) => {{
        #[cfg(feature = "tracing")]
        {
            use tracing::Instrument as _;
            $future.instrument(tracing::debug_span!($name $(, $($field)*)?)).await
        }
        #[cfg(not(feature = "tracing"))]
        {
            $future.await
        }
    }};
}
pub(crate) use in_span;

pub(crate) fn record(sink: Option<&Arc<dyn AuditSink>>, event: AuditEvent<'_>) {
    #[cfg(feature = "tracing")]
    trace(&event);
    if let Some(sink) = sink {
        sink.record(&event);
    }
}

#[cfg(feature = "tracing")]
fn trace(event: &AuditEvent<'_>) {
    use tracing::{debug, warn};
    match event {
        AuditEvent::Connected { .. } => debug!("connected"),
        AuditEvent::GreetingReceived(reply) => debug!(code = reply.code, "greeting"),
        AuditEvent::EhloCompleted(capabilities) => debug!(?capabilities, "EHLO"),
        AuditEvent::TlsUpgraded => debug!("TLS"),
        AuditEvent::AuthCompleted(mechanism) => {
            debug!(mechanism = mechanism.map(wasm_smtp::Mechanism::name), "logged in");
        }
        AuditEvent::MailFromAccepted(reply) => debug!(code = reply.code, "MAIL accepted"),
        AuditEvent::RecipientAccepted { reply, .. } => debug!(code = reply.code, "RCPT accepted"),
        AuditEvent::RecipientRejected { reply, .. } => debug!(code = reply.code, "RCPT refused"),
        AuditEvent::MessageAccepted(outcome) => {
            debug!(
                accepted = outcome.accepted(),
                queue_id = outcome.queue_id(),
                "message accepted"
            );
        }
        AuditEvent::QuitCompleted => debug!("closed"),
        AuditEvent::SessionAborted(error) => {
            // The sentence may repeat the server's words, and those an address.
            warn!(reason = error.reason().token(), "session aborted");
        }
        _ => {}
    }
}
