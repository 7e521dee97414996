//! CF NetCDF, station tables and atomic files.
