//! HDF5's own error printing, switched off.
//!
//! HDF5 prints its error stack to stderr, thread by thread, even for things that the NetCDF library only tries;
//! the NetCDF library switches that off in the first thread alone. Errors come back as values all the same.

use std::ptr;

use hdf5_metno_sys::h5e::{H5E_DEFAULT, H5Eset_auto2};

/// Switches the printing off in this thread.
#[allow(unsafe_code, reason = "HDF5 offers this in C only")]
pub(super) fn hdf5() {
    let _lock = hdf5_metno_sys::LOCK.lock();
    // SAFETY: under the library's lock; no function and no data are registered, so nothing can dangle. The
    // status says whether the printing stopped, on which nothing depends.
    let _ = unsafe { H5Eset_auto2(H5E_DEFAULT, None, ptr::null_mut()) };
}
