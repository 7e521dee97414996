//! Series and normals of stations, and eLTER records.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use reterra_io::monthly::MonthlyObservations;
use reterra_io::{elter, fluxnet, monthly, normals};

use crate::Failure;
use crate::table::align;

/// Least, mean and greatest of what isn't NaN, as text.
pub fn range(values: impl Iterator<Item = f64>) -> [String; 3] {
    let (mut least, mut greatest, mut sum, mut n) = (f64::INFINITY, f64::NEG_INFINITY, 0.0, 0.0);
    for value in values.filter(|v| !v.is_nan()) {
        least = least.min(value);
        greatest = greatest.max(value);
        sum += value;
        n += 1.0;
    }
    if n > 0.0 {
        [least, sum / n, greatest].map(|x| format!("{x:.6e}"))
    } else {
        ["", "", ""].map(str::to_owned)
    }
}

fn header() -> Vec<String> {
    ["variable", "unit", "present", "min", "mean", "max"].map(str::to_owned).to_vec()
}

fn row(name: &str, unit: &str, values: &[Option<f64>]) -> Vec<String> {
    let present = values.iter().flatten().count();
    let mut cells = vec![name.to_owned(), unit.to_owned(), format!("{present} of {}", values.len())];
    cells.extend(range(values.iter().flatten().copied()));
    cells
}

/// A station's monthly series.
pub fn monthly(path: &Path) -> Result<String, Failure> {
    let series = monthly::read_series(path)?;
    let forcing = &series.forcing;
    let complete = [
        ("tmin", "K", &forcing.tmin),
        ("tmax", "K", &forcing.tmax),
        ("shortwave", "W m-2", &forcing.shortwave),
        ("VPD", "Pa", &forcing.vpd),
        ("precipitation", "kg m-2 s-1", &forcing.precipitation),
        ("CO2", "ppm", &forcing.co2),
    ];
    let mut rows = vec![header()];
    for (name, unit, values) in complete {
        let values: Vec<Option<f64>> = values.iter().copied().map(Some).collect();
        rows.push(row(name, unit, &values));
    }
    rows.extend(observations("train", &series.train));
    rows.extend(observations("valid", &series.valid));
    let (start, months) = (series.axis.start, series.axis.len);
    let title =
        format!("{}: monthly series of {}, {months} months from {start}", path.display(), series.site);
    Ok(format!("{title}\n\n{}", align(&rows)))
}

fn observations(set: &str, o: &MonthlyObservations) -> Vec<Vec<String>> {
    let columns = [
        ("GPP", "gC m-2 s-1", &o.gpp),
        ("NEE", "gC m-2 s-1", &o.nee),
        ("ET", "kg m-2 s-1", &o.et),
        ("LAI", "m2 m-2", &o.lai),
        ("biomass", "gC m-2", &o.biomass),
    ];
    columns.iter().map(|(name, unit, values)| row(&format!("{set} {name}"), unit, values)).collect()
}

/// Monthly normals of several stations.
pub fn normals(path: &Path) -> Result<String, Failure> {
    let stations = normals::read_normals(path)?;
    let mut rows = vec![["site", "months of GPP", "NEE", "ET", "LAI"].map(str::to_owned).to_vec()];
    for (site, n) in &stations {
        let counts = [&n.gpp, &n.nee, &n.et, &n.lai].map(|v| v.iter().flatten().count().to_string());
        let mut cells = vec![site.clone()];
        cells.extend(counts);
        rows.push(cells);
    }
    Ok(format!("{}: monthly normals, {} stations\n\n{}", path.display(), stations.len(), align(&rows)))
}

/// A daily FLUXNET file.
pub fn daily(path: &Path) -> Result<String, Failure> {
    let series = fluxnet::read_daily(path, fluxnet::QUALITY)?;
    let mut rows = vec![header()];
    for (variable, values) in &series.values {
        rows.push(row(&format!("{variable:?}"), "SI", values));
    }
    let span = match (series.dates.first(), series.dates.last()) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => "empty".to_owned(),
    };
    let title = format!("{}: daily series, {} days, {span}", path.display(), series.dates.len());
    Ok(format!("{title}; fluxes of quality below {} left out\n\n{}", fluxnet::QUALITY, align(&rows)))
}

/// Records in the eLTER reporting format.
pub fn elter(path: &Path) -> Result<String, Failure> {
    let file = elter::read_records(path, elter::GOOD_FLAGS)?;
    let mut groups: BTreeMap<(&str, &str, &str), Vec<f64>> = BTreeMap::new();
    for record in &file.records {
        let key = (record.site.as_str(), record.variable.as_str(), record.quantity.si());
        groups.entry(key).or_default().push(record.value);
    }
    let mut rows =
        vec![["site", "variable", "unit", "values", "min", "mean", "max"].map(str::to_owned).to_vec()];
    for ((site, variable, unit), values) in &groups {
        let mut cells = vec![(*site).to_owned(), (*variable).to_owned(), (*unit).to_owned()];
        cells.push(values.len().to_string());
        cells.extend(range(values.iter().copied()));
        rows.push(cells);
    }
    let mut text = format!("{}: eLTER records, {} values taken\n\n", path.display(), file.records.len());
    text.push_str(&align(&rows));
    let _ = writeln!(text, "\nwithout a value: {}", file.missing);
    for (kind, counts) in [("flag", &file.flagged), ("unknown variable", &file.unknown)] {
        for (name, n) in counts {
            let _ = writeln!(text, "left out for {kind} `{name}`: {n}");
        }
    }
    Ok(text)
}
