//! Text handed out by the engine as pointer and length.

use std::ffi::c_char;

/// Octets at `at`; none if it is null.
///
/// # Safety
/// `at` is null or points to `length` octets that live and do not change during `'a`.
pub(crate) unsafe fn octets<'a>(at: *const u8, length: usize) -> &'a [u8] {
    if at.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(at, length) }
}

/// Text at `at`. The engine hands out valid UTF-8; should it ever not, what is valid counts.
///
/// # Safety
/// As for [`octets`].
pub(crate) unsafe fn text<'a>(at: *const c_char, length: usize) -> &'a str {
    // SAFETY: the caller's promise.
    valid(unsafe { octets(at.cast(), length) })
}

/// Text that lives as long as the program.
///
/// # Safety
/// `at` is null or points to `length` octets of a constant.
pub(crate) unsafe fn static_text(at: *const c_char, length: usize) -> &'static str {
    #[cfg(miri)]
    // SAFETY: the caller's promise.
    let at = unsafe { for_miri(at, length) };
    // SAFETY: the caller's promise.
    unsafe { text(at, length) }
}

/// A copy that is kept: Miri cannot look into constants of C.
///
/// # Safety
/// As for [`static_text`].
#[cfg(miri)]
unsafe fn for_miri(at: *const c_char, length: usize) -> *const c_char {
    use std::sync::Mutex;
    static COPIES: Mutex<Vec<&[u8]>> = Mutex::new(Vec::new());
    let copy = Box::leak(vec![0_u8; length].into_boxed_slice());
    // SAFETY: the caller's promise, and room for as many octets.
    unsafe { crate::sys::wsmtp_sys_copy(copy.as_mut_ptr(), at, length) };
    COPIES.lock().expect("not poisoned").push(copy);
    copy.as_ptr().cast()
}

fn valid(octets: &[u8]) -> &str {
    match std::str::from_utf8(octets) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&octets[..error.valid_up_to()]).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stops_where_it_is_no_longer_text() {
        assert_eq!(valid(b"abc"), "abc");
        assert_eq!(valid("aé".as_bytes()), "aé");
        assert_eq!(valid(&"aé".as_bytes()[..2]), "a");
        // SAFETY: null is allowed.
        assert_eq!(unsafe { text(std::ptr::null(), 3) }, "");
    }
}
