//! `tests/models/decay.py` in NetCDF, as a campaign's model without Python: reads `parameters.nc`, writes `outputs.nc`, and
//! says in ../../launches.log that it was launched. An argument makes it go wrong: missing, nan, short, text, unwritten,
//! json.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::process::ExitCode;

use netcdf::Error;

/// Times at which the pool is observed.
const TIMES: usize = 6;

fn main() -> ExitCode {
    let fault = std::env::args().nth(1).unwrap_or_default();
    let run = launched().map_err(|e| e.to_string());
    match run.and_then(|()| model(&fault).map_err(|e| e.to_string())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}

fn launched() -> std::io::Result<()> {
    let run = std::env::current_dir()?;
    let mut log = OpenOptions::new().create(true).append(true).open("../../launches.log")?;
    // In one write: other runs append at the same time.
    let line = format!("{}\n", run.file_name().unwrap_or_default().to_string_lossy());
    log.write_all(line.as_bytes())
}

fn model(fault: &str) -> Result<(), Error> {
    if fault == "json" {
        return Ok(std::fs::write("outputs.json", "{}").map_err(|e| e.to_string())?);
    }
    let [start, rate] = parameters(["start", "rate"])?;
    let pool: Vec<f64> = (0..TIMES).map(|t| start * (-rate * t as f64).exp()).collect();
    let mut file = netcdf::create("outputs.nc")?;
    let times = if fault == "short" { TIMES - 1 } else { TIMES };
    file.add_dimension("time", times)?;
    let mut variable = file.add_variable::<f64>("pool", &["time"])?;
    variable.put_values(&pool[..times], ..)?;
    match fault {
        "missing" => {}
        "text" => file.add_string_variable("flux", &[])?.put_string("high", ())?,
        "unwritten" => drop(file.add_variable::<f64>("flux", &[])?),
        "nan" => file.add_variable::<f64>("flux", &[])?.put_value(f64::NAN, ())?,
        // Single precision, as most models write it.
        _ => file.add_variable::<f32>("flux", &[])?.put_value((rate * pool[0]) as f32, ())?,
    }
    file.close()
}

fn parameters(names: [&str; 2]) -> Result<[f64; 2], Error> {
    let file = netcdf::open("parameters.nc")?;
    let mut found = [0.0; 2];
    for (name, value) in names.iter().zip(&mut found) {
        let variable = file.variable(name).ok_or_else(|| Error::NotFound((*name).to_owned()))?;
        *value = variable.get_value(())?;
    }
    Ok(found)
}
