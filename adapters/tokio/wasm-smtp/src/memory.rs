//! Memory that the engine keeps pointers to while Rust moves its owner about.

use std::alloc::{alloc_zeroed, dealloc, handle_alloc_error, Layout};
use std::ptr::NonNull;

use crate::sys;

/// A box whose contents are reached by raw pointers only, so that moving the owner does not
/// invalidate those that the engine holds.
pub(crate) struct Pinned<T: ?Sized>(NonNull<T>);

impl<T: ?Sized> Pinned<T> {
    pub(crate) fn new(value: Box<T>) -> Self {
        Self(NonNull::from(Box::leak(value)))
    }

    pub(crate) fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }
}

impl<T: ?Sized> Drop for Pinned<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer came from a box in `new`, and this is the only owner.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// Zeroed room for a struct whose size only C knows.
pub(crate) struct Opaque<T> {
    at: NonNull<T>,
    layout: Layout,
}

impl<T> Opaque<T> {
    /// `size`: bytes, more than none, as C's `sizeof` says.
    pub(crate) fn new(size: usize) -> Self {
        let layout = Layout::from_size_align(size.max(1), sys::STRUCT_ALIGN)
            .expect("the size of a C struct fits");
        // SAFETY: the layout is not empty.
        let at = unsafe { alloc_zeroed(layout) };
        let at = NonNull::new(at.cast()).unwrap_or_else(|| handle_alloc_error(layout));
        Self { at, layout }
    }

    pub(crate) fn as_ptr(&self) -> *mut T {
        self.at.as_ptr()
    }
}

impl<T> Drop for Opaque<T> {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout, and this is the only owner.
        unsafe { dealloc(self.at.as_ptr().cast(), self.layout) };
    }
}

/// Overwrites memory in a way that the compiler does not remove.
pub(crate) fn wipe(memory: &mut [u8]) {
    // SAFETY: pointer and length of one slice that may be written.
    unsafe { sys::wsmtp_wipe(memory.as_mut_ptr().cast(), memory.len()) }
}
