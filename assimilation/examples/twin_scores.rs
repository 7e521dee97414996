//! Scores of the published twin experiments: `cargo run --release --example twin_scores -- [NAME [CYCLES [SEEDS]]]`.

use std::time::Instant;

use reterra_assimilation::twin::Summary;
use reterra_assimilation::twin::published::rows;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let cycles = arguments.next().map_or(Ok(2000), |text| text.parse())?;
    let seeds = arguments.next().map_or(Ok(10), |text| text.parse())?;
    for row in rows(cycles).iter().filter(|row| row.name.contains(&name)) {
        let start = Instant::now();
        let found = Summary::of(row.method.as_ref(), &row.experiment, seeds)?;
        println!(
            "{:30} {:.3} ± {:.3}  published {:.3}  rerun {:.3}  diverged {:.2}  {:.1} s",
            row.name,
            found.error().mean,
            found.error().sd,
            row.published,
            row.rerun,
            found.diverged(),
            start.elapsed().as_secs_f64()
        );
    }
    Ok(())
}
