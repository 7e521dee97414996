//! Station tables.

use std::path::Path;

use reterra_io::{monthly, site_table};

use crate::Failure;
use crate::table::align;

/// A workflow's station table.
pub fn table(path: &Path) -> Result<String, Failure> {
    let stations = site_table::read_stations(path)?;
    let header = ["id", "latitude", "longitude", "elevation (m)", "vegetation", "sand, clay (%)", "name"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for s in &stations {
        let soil = s.soil.as_ref().map_or("none".to_owned(), |soil| format!("{}, {}", soil.sand, soil.clay));
        let elevation = s.elevation.map(|e| e.to_string()).unwrap_or_default();
        let place = [format!("{:.4}", s.latitude), format!("{:.4}", s.longitude), elevation];
        let mut row = vec![s.id.clone()];
        row.extend(place);
        row.extend([s.igbp.to_string(), soil, s.name.clone()]);
        rows.push(row);
    }
    Ok(format!("{}: station table, {} stations\n\n{}", path.display(), stations.len(), align(&rows)))
}

/// The list of stations beside monthly series.
pub fn sites(path: &Path) -> Result<String, Failure> {
    let stations = monthly::read_sites(path)?;
    let mut rows = vec![["id", "latitude", "longitude", "vegetation"].map(str::to_owned).to_vec()];
    for s in &stations {
        let place = [format!("{:.4}", s.latitude), format!("{:.4}", s.longitude)];
        let mut row = vec![s.id.clone()];
        row.extend(place);
        row.push(s.igbp.to_string());
        rows.push(row);
    }
    Ok(format!("{}: list of stations, {} stations\n\n{}", path.display(), stations.len(), align(&rows)))
}
