//! HDF5's own error printing, switched off.
//!
//! HDF5 prints its error stack to stderr, thread by thread, even for things that the NetCDF library only tries;
//! the NetCDF library switches that off in the first thread alone. Errors come back as values all the same.
//! Its exit handler is switched off too: after a full disk it would try once more to write what could not be
//! written, and crash where an error was already told.

use std::ptr;
use std::sync::Once;

use hdf5_metno_sys::h5::H5dont_atexit;
use hdf5_metno_sys::h5e::{H5E_DEFAULT, H5Eset_auto2};

static FIRST: Once = Once::new();

/// Switches the printing off in this thread.
#[allow(unsafe_code, reason = "HDF5 offers this in C only")]
pub(crate) fn hdf5() {
    let _lock = hdf5_metno_sys::LOCK.lock();
    // SAFETY: under the library's lock and before its first use here; it takes no data. Where the library was in
    // use already it only says so.
    FIRST.call_once(|| {
        let _ = unsafe { H5dont_atexit() };
    });
    // SAFETY: under the library's lock; no function and no data are registered, so nothing can dangle. The
    // status says whether the printing stopped, on which nothing depends.
    let _ = unsafe { H5Eset_auto2(H5E_DEFAULT, None, ptr::null_mut()) };
}
