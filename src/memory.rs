//! What the allocator is told.

/// mimalloc's number of the option that says for how many milliseconds it keeps
/// pages that were freed.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
/// Long enough that the next batch of changes finds the pages of the last.
const KEEP_PAGES_MS: std::ffi::c_long = 2_000;
/// The same until the first epoch is there: long enough that the next chunk of a
/// bulk load finds the pages of the last, and not longer, since a load holds the
/// most and its chunks come many times a second.
const KEEP_PAGES_LOADING_MS: std::ffi::c_long = 500;

/// Freed pages are kept for a while, and pages are small: a bulk load fills and
/// frees buffers of some hundred kilobytes all the time, and a huge page, zeroed
/// anew for each, took a third of its time.
#[allow(unsafe_code)]
pub fn set_up() {
    // Where the kernel refuses, loading is slower and nothing else.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    // SAFETY: sets one number of the allocator's own options, which is allowed
    // at any time; an option that it does not know would be ignored.
    unsafe { libmimalloc_sys::mi_option_set_default(PURGE_DELAY, KEEP_PAGES_LOADING_MS) }
}

/// The same while a large epoch enters the dataflow, when the most is held.
const KEEP_PAGES_ENTERING_MS: std::ffi::c_long = 100;

/// Gives pages back sooner, and those of this thread now: a piece of a large
/// epoch has entered, and its rows are free while those of others still wait.
#[allow(unsafe_code)]
pub fn spare() {
    // SAFETY: as in `set_up`; options may be set while the program runs.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, KEEP_PAGES_ENTERING_MS) }
    give_back();
}

/// Keeps pages for a while: what was large is there, and batches follow.
#[allow(unsafe_code)]
pub fn keep() {
    // SAFETY: as in `spare`.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, KEEP_PAGES_MS) }
}

/// Gives the pages that this thread has freed, and those of threads that have
/// ended, back to the system at once.
#[allow(unsafe_code)]
pub fn give_back() {
    // SAFETY: allowed on any thread at any time; frees nothing that is in use.
    unsafe { libmimalloc_sys::mi_collect(true) }
}
