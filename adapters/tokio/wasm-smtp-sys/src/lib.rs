//! Bindings to the wasm-smtp engine, which is written in C and knows SMTP but does no I/O.
//!
//! The headers are the documentation: `wsmtp/engine.h`, `sasl.h`, `address.h` and `reason.h`, in
//! `c/include` of this crate; as a package it has them in one, `c/amalgamated/wsmtp.h`. Names, units and rules of ownership are the same here. Most programs
//! want the safe crate `wasm-smtp`, or `wasm-smtp-tokio`.
//!
//! Structs whose contents the header calls private are opaque: reserve
//! [`wsmtp_sys_engine_size`] or [`wsmtp_sys_transaction_size`] bytes at [`STRUCT_ALIGN`]. A test
//! compiles the header and compares size, offset and number of everything declared here.

#![no_std]
#![allow(non_camel_case_types)]
// The headers say what each item is; repeating it here would only let the two drift apart.
#![allow(missing_docs)]

use core::ffi::{c_char, c_int, c_uint, c_void};

mod numbers;
pub use numbers::*;

/// Alignment that is enough for every struct of the engine.
pub const STRUCT_ALIGN: usize = 16;

/// One session; see `wsmtp_engine` in `engine.h`. Must not move after [`wsmtp_init`].
#[repr(C)]
pub struct wsmtp_engine {
    private: [u8; 0],
    // Neither Send nor Sync by itself, and not to be moved.
    marker: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}

#[repr(C)]
pub struct wsmtp_config {
    pub size: usize,
    pub input: *mut u8,
    pub input_len: usize,
    pub output: *mut u8,
    pub output_len: usize,
    pub ehlo_name: *const c_char,
    pub ehlo_name_len: usize,
    pub tls: wsmtp_tls,
    pub protocol: wsmtp_protocol,
    pub flags: u32,
    pub eager_octets: u32,
    pub overlap: u32,
    pub timeouts: [u32; WSMTP_PHASE_COUNT],
    pub expected: *const wsmtp_capabilities,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct wsmtp_capabilities {
    pub flags: u32,
    pub auth: wsmtp_mechanism_set,
    pub size: u64,
    pub mail_max: u32,
    pub rcpt_max: u32,
    pub rcpt_domain_max: u32,
    pub deliver_by_min: u32,
    pub hold_max: u32,
    pub xclient: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct wsmtp_enhanced_code {
    pub class_: u8,
    pub subject: u16,
    pub detail: u16,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct wsmtp_reply {
    pub code: u16,
    pub enhanced: wsmtp_enhanced_code,
    pub text: *const c_char,
    pub text_len: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct wsmtp_parameter {
    pub keyword: wsmtp_keyword,
    pub optional: bool,
    pub value: *const c_char,
    pub value_len: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct wsmtp_error {
    pub reason: wsmtp_reason,
    pub kind: wsmtp_kind,
    pub step: wsmtp_step,
    pub field: wsmtp_field,
    pub index: usize,
    pub retryable: bool,
    pub in_doubt: bool,
    pub reply: wsmtp_reply,
    pub detail: *const c_char,
    pub detail_len: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct wsmtp_recipient {
    pub address: *const c_char,
    pub address_len: usize,
    pub parameters: *const wsmtp_parameter,
    pub parameters_len: usize,
    pub status: wsmtp_status,
    pub from_message: bool,
    pub code: u16,
    pub enhanced: wsmtp_enhanced_code,
}

/// The public beginning of `wsmtp_transaction`; what follows is private to the engine.
#[repr(C)]
pub struct wsmtp_transaction {
    pub size: usize,
    pub reverse_path: *const c_char,
    pub reverse_path_len: usize,
    pub recipients: *mut wsmtp_recipient,
    pub recipients_len: usize,
    pub parameters: *const wsmtp_parameter,
    pub parameters_len: usize,
    pub message_size: u64,
    pub body: wsmtp_body,
    pub flags: u32,
    pub context: *mut c_void,
    /// Private to the engine, too.
    pub next: *mut wsmtp_transaction,
    pub status: wsmtp_status,
    pub accepted_count: usize,
    pub code: u16,
    pub enhanced: wsmtp_enhanced_code,
    private: [u8; 0],
}

#[repr(C)]
pub struct wsmtp_event {
    pub type_: wsmtp_event_type,
    pub reply: wsmtp_reply,
    pub transaction: *mut wsmtp_transaction,
    pub recipient: usize,
    pub error: *const wsmtp_error,
    pub hash: wsmtp_hash,
    pub iterations: u32,
    pub salt: *const u8,
    pub salt_len: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct wsmtp_body_scan {
    pub octets: u64,
    pub has_8bit: bool,
    pub has_bare_cr: bool,
    pub has_bare_lf: bool,
    pub has_nul: bool,
    pub has_long_line: bool,
    pub after_cr: bool,
    pub line_len: u32,
}

#[repr(C)]
pub struct wsmtp_credentials {
    pub size: usize,
    pub mechanism: wsmtp_mechanism,
    pub user: *const c_char,
    pub user_len: usize,
    pub password: *const c_char,
    pub password_len: usize,
    pub token: *const c_char,
    pub token_len: usize,
    pub authzid: *const c_char,
    pub authzid_len: usize,
    pub host: *const c_char,
    pub host_len: usize,
    pub port: u32,
    pub nonce: *const u8,
    pub nonce_len: usize,
    pub scram_iterations_min: u32,
    pub scram_iterations_max: u32,
    pub allow_plaintext_auth: bool,
    pub binding: wsmtp_binding,
    pub binding_data: *const u8,
    pub binding_data_len: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct wsmtp_mailbox {
    pub local_part_len: usize,
    pub domain_at: usize,
    pub domain_len: usize,
    pub quoted: bool,
    pub literal: bool,
    pub utf8: bool,
}

pub type wsmtp_tls = c_uint;
pub type wsmtp_protocol = c_uint;
pub type wsmtp_step = c_uint;
pub type wsmtp_status = c_uint;
pub type wsmtp_body = c_uint;
pub type wsmtp_keyword = c_uint;
pub type wsmtp_event_type = c_uint;
pub type wsmtp_mechanism = c_uint;
pub type wsmtp_mechanism_set = u32;
pub type wsmtp_hash = c_uint;
pub type wsmtp_binding = c_uint;
pub type wsmtp_field = c_uint;
pub type wsmtp_reason = c_uint;
pub type wsmtp_kind = c_uint;

extern "C" {
    pub fn wsmtp_sys_engine_size() -> usize;
    pub fn wsmtp_sys_transaction_size() -> usize;
    #[cfg(miri)]
    pub fn wsmtp_sys_copy(to: *mut u8, from: *const c_char, len: usize);

    pub fn wsmtp_config_init(config: *mut wsmtp_config);
    pub fn wsmtp_transaction_init(transaction: *mut wsmtp_transaction);
    pub fn wsmtp_init(engine: *mut wsmtp_engine, config: *const wsmtp_config) -> wsmtp_reason;
    pub fn wsmtp_features() -> c_uint;
    pub fn wsmtp_state(engine: *const wsmtp_engine) -> c_uint;
    pub fn wsmtp_step_get(engine: *const wsmtp_engine) -> wsmtp_step;
    pub fn wsmtp_step_name(step: wsmtp_step, name_len: *mut usize) -> *const c_char;
    pub fn wsmtp_recv_buf(engine: *mut wsmtp_engine, len: *mut usize) -> *mut u8;
    pub fn wsmtp_recv_ack(engine: *mut wsmtp_engine, n: usize);
    pub fn wsmtp_send_buf(
        engine: *const wsmtp_engine,
        len: *mut usize,
        secret_at: *mut usize,
    ) -> *const u8;
    pub fn wsmtp_send_ack(engine: *mut wsmtp_engine, n: usize);
    pub fn wsmtp_next_event(engine: *mut wsmtp_engine, event: *mut wsmtp_event) -> bool;
    pub fn wsmtp_tls_done(engine: *mut wsmtp_engine) -> wsmtp_reason;
    pub fn wsmtp_is_secure(engine: *const wsmtp_engine) -> bool;
    pub fn wsmtp_capabilities_get(engine: *const wsmtp_engine) -> *const wsmtp_capabilities;
    pub fn wsmtp_login(
        engine: *mut wsmtp_engine,
        credentials: *const wsmtp_credentials,
    ) -> wsmtp_reason;
    pub fn wsmtp_mechanism_get(engine: *const wsmtp_engine) -> wsmtp_mechanism;
    pub fn wsmtp_key_derived(
        engine: *mut wsmtp_engine,
        key: *const u8,
        key_len: usize,
    ) -> wsmtp_reason;
    pub fn wsmtp_submit(
        engine: *mut wsmtp_engine,
        transaction: *mut wsmtp_transaction,
    ) -> wsmtp_reason;
    pub fn wsmtp_body_write(
        engine: *mut wsmtp_engine,
        data: *const c_void,
        data_len: usize,
    ) -> usize;
    pub fn wsmtp_body_end(engine: *mut wsmtp_engine) -> wsmtp_reason;
    pub fn wsmtp_reset(engine: *mut wsmtp_engine) -> wsmtp_reason;
    pub fn wsmtp_noop(engine: *mut wsmtp_engine) -> wsmtp_reason;
    pub fn wsmtp_vrfy(
        engine: *mut wsmtp_engine,
        argument: *const c_char,
        argument_len: usize,
    ) -> wsmtp_reason;
    pub fn wsmtp_expn(
        engine: *mut wsmtp_engine,
        argument: *const c_char,
        argument_len: usize,
    ) -> wsmtp_reason;
    pub fn wsmtp_help(
        engine: *mut wsmtp_engine,
        argument: *const c_char,
        argument_len: usize,
    ) -> wsmtp_reason;
    pub fn wsmtp_xclient(
        engine: *mut wsmtp_engine,
        attributes: *const wsmtp_parameter,
        attributes_len: usize,
    ) -> wsmtp_reason;
    pub fn wsmtp_keyword_name(keyword: wsmtp_keyword, name_len: *mut usize) -> *const c_char;
    pub fn wsmtp_keyword_find(name: *const c_char, name_len: usize) -> wsmtp_keyword;
    pub fn wsmtp_quit(engine: *mut wsmtp_engine) -> wsmtp_reason;
    pub fn wsmtp_timer(engine: *const wsmtp_engine, epoch: *mut u32) -> u32;
    pub fn wsmtp_io_failed(engine: *mut wsmtp_engine, why: wsmtp_reason);
    pub fn wsmtp_error_get(engine: *const wsmtp_engine) -> *const wsmtp_error;
    pub fn wsmtp_end(engine: *mut wsmtp_engine);
    pub fn wsmtp_body_scan_init(scan: *mut wsmtp_body_scan);
    pub fn wsmtp_body_scan_add(scan: *mut wsmtp_body_scan, data: *const c_void, data_len: usize);
    pub fn wsmtp_body_scan_end(scan: *mut wsmtp_body_scan);

    pub fn wsmtp_credentials_init(credentials: *mut wsmtp_credentials);
    pub fn wsmtp_mechanism_name(mechanism: wsmtp_mechanism, name_len: *mut usize) -> *const c_char;
    pub fn wsmtp_mechanism_find(name: *const c_char, name_len: usize) -> wsmtp_mechanism;
    pub fn wsmtp_derive_key(
        hash: wsmtp_hash,
        password: *const u8,
        password_len: usize,
        salt: *const u8,
        salt_len: usize,
        iterations: u32,
        key: *mut u8,
    );
    pub fn wsmtp_hash_len(hash: wsmtp_hash) -> usize;
    pub fn wsmtp_wipe(memory: *mut c_void, memory_len: usize);

    pub fn wsmtp_mailbox_check(
        address: *const c_char,
        address_len: usize,
        flags: c_uint,
        mailbox: *mut wsmtp_mailbox,
    ) -> wsmtp_reason;
    pub fn wsmtp_domain_check(domain: *const c_char, domain_len: usize, utf8: bool)
        -> wsmtp_reason;
    pub fn wsmtp_ehlo_name_check(name: *const c_char, name_len: usize) -> wsmtp_reason;

    pub fn wsmtp_reason_kind(reason: wsmtp_reason) -> wsmtp_kind;
    pub fn wsmtp_reason_message(reason: wsmtp_reason, message_len: *mut usize) -> *const c_char;
}

// C enums of these compilers are as wide as an int; the layout test checks it for this one.
const _: () = assert!(core::mem::size_of::<c_int>() == core::mem::size_of::<wsmtp_reason>());
