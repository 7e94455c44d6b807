//! What cargo's features say is what is in the engine that was compiled.

use std::mem::align_of;

use wasm_smtp_sys::*;

#[test]
fn the_engine_answers() {
    // SAFETY: no argument; and a reason that exists.
    let features = unsafe { wsmtp_features() };
    assert_eq!(features & WSMTP_HAS_SCRAM != 0, cfg!(feature = "scram"));
    assert_eq!(features & WSMTP_HAS_OAUTH != 0, cfg!(feature = "oauth"));
    assert_eq!(features & WSMTP_HAS_CRAM_MD5 != 0, cfg!(feature = "cram-md5"));
    assert_eq!(features & WSMTP_HAS_SMTPUTF8 != 0, cfg!(feature = "smtputf8"));
    assert!(align_of::<wsmtp_transaction>() <= STRUCT_ALIGN);
}
