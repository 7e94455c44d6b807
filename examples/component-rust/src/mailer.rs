//! One instance of mailer.wasm in wasmtime, behind Rust's types.

use std::fmt;

use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::cli::StdinStream;
use wasmtime_wasi::p2::{self, DynInputStream};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "mailer",
        // Streams of the interface client are those that wasmtime implements.
        with: { "wasi": wasmtime_wasi::p2::bindings::sync },
    });
}

use bindings::exports::wasm_smtp::smtp::client::Content;
pub use bindings::wasm_smtp::smtp::types;
use types::{Config, Credentials, DeliveryStatus, Envelope, Message, Outcome};

/// Why nothing was sent.
#[derive(Debug)]
pub enum Failure {
    /// What the interface calls an error: who has to act, what was said, what became of whom.
    Smtp(types::Error),
    /// The component trapped, or could not be loaded. The instance is not to be called again.
    Fault(wasmtime::Error),
    /// A bad argument of the program.
    Usage(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smtp(error) => to.write_str(&error.message),
            Self::Fault(error) => write!(to, "{error:#}"),
            Self::Usage(text) => to.write_str(text),
        }
    }
}

impl From<wasmtime::Error> for Failure {
    fn from(error: wasmtime::Error) -> Self {
        Self::Fault(error)
    }
}

impl From<types::Error> for Failure {
    fn from(error: types::Error) -> Self {
        Self::Smtp(error)
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self::Usage(text)
    }
}

struct Host {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Calls wait until the message is sent: from asynchronous code, use `spawn_blocking`.
pub struct Mailer {
    store: Store<Host>,
    component: bindings::Mailer,
}

impl Mailer {
    /// Compiles the component in the file `path`, and permits it TCP connections and looking up names.
    pub fn new(path: &str) -> Result<Self, Failure> {
        let engine = Engine::default();
        let component = Component::from_file(&engine, path)?;
        let mut linker = Linker::new(&engine);
        p2::add_to_linker_sync(&mut linker)?;
        let wasi = WasiCtxBuilder::new()
            .inherit_network()
            .allow_tcp(true) // from wasmtime 48 on, a permission of its own
            .allow_ip_name_lookup(true)
            .build();
        let mut store = Store::new(&engine, Host { wasi, table: ResourceTable::new() });
        let component = bindings::Mailer::instantiate(&mut store, &component, &linker)?;
        Ok(Self { store, component })
    }

    /// One message in one call.
    pub fn send(
        &mut self,
        config: &Config,
        credentials: &Credentials,
        message: &Message,
    ) -> Result<Outcome, Failure> {
        let sender = self.component.wasm_smtp_smtp_smtp_send();
        Ok(sender.call_send(&mut self.store, config, credentials, message)??)
    }

    /// Sends stdin as a message on a connection: neither side ever holds it whole.
    pub fn send_stdin(
        &mut self,
        config: &Config,
        credentials: &Credentials,
        envelope: &Envelope,
    ) -> Result<Outcome, Failure> {
        let client = self.component.wasm_smtp_smtp_client();
        let calls = client.connection();
        let connection = calls.call_connect(&mut self.store, config)??;
        calls.call_login(&mut self.store, connection, credentials)??;
        let stdin: DynInputStream = std::io::stdin().p2_stream();
        let content = Content::Stream(
            self.store.data_mut().table.push(stdin).map_err(wasmtime::Error::from)?,
        );
        let outcome = calls.call_send(&mut self.store, connection, envelope, &content)??;
        calls.call_quit(&mut self.store, connection)?;
        connection.resource_drop(&mut self.store)?;
        Ok(outcome)
    }
}

/// The word of `wit/smtp.wit` for what became of a recipient.
pub fn status_name(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Accepted => "accepted",
        DeliveryStatus::Deferred => "deferred",
        DeliveryStatus::Refused => "refused",
        DeliveryStatus::NotSent => "not-sent",
        DeliveryStatus::InDoubt => "in-doubt",
    }
}
