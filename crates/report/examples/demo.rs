//! Writes the report and the single figures of an invented run: `cargo run -p reterra-report --example demo -- DIR [STATIONS]`.

#[path = "../tests/fixture/mod.rs"]
mod fixture;

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().ok_or("give a directory to write to")?);
    let stations = arguments.next().map_or(Ok(48), |count| count.parse())?;
    let input = fixture::input(stations, stations > 24);
    std::fs::create_dir_all(&directory)?;
    std::fs::write(directory.join("report.html"), reterra_report::render(&input)?)?;
    std::fs::write(directory.join("map.svg"), reterra_report::figures::map(&input)?)?;
    std::fs::write(directory.join("skill.svg"), reterra_report::figures::skill(&input)?)?;
    std::fs::write(
        directory.join("seasonal.svg"),
        reterra_report::figures::seasonal_cycles(&input, "DE-Hai")?,
    )?;
    Ok(())
}
