//! The local filter on waves against PDAF: CPU time, memory, two threads, two ranks.

use std::fmt::Write as _;

use crate::record::{Goal, Record};
use crate::waves::Outcome;
use crate::waves::program::{Launch, Program};
use crate::{ValidationError, places};

/// PDAF V3 beta on one rank, seconds of an analysis: as shipped, and with a cell-list search through its user hook;
/// memory, MB. Figures of another machine (Xeon with AVX-512, gfortran -O3, OpenBLAS 0.3.21).
struct Pdaf {
    size: [usize; 3],
    shipped: Option<f64>,
    searched: f64,
    megabytes: Option<f64>,
    /// CPU seconds that are to be reached here.
    goal: f64,
}

const SIZES: [Pdaf; 5] = [
    Pdaf { size: [400, 250, 32], shipped: Some(11.3), searched: 4.95, megabytes: Some(50.0), goal: 1.65 },
    Pdaf { size: [400, 250, 64], shipped: Some(23.3), searched: 17.1, megabytes: Some(79.0), goal: 5.7 },
    Pdaf { size: [632, 400, 32], shipped: Some(49.3), searched: 13.1, megabytes: Some(101.0), goal: 4.4 },
    Pdaf { size: [1250, 800, 32], shipped: Some(516.0), searched: 45.5, megabytes: Some(353.0), goal: 15.0 },
    Pdaf { size: [1250, 800, 64], shipped: None, searched: 170.0, megabytes: Some(646.0), goal: 64.0 },
];
const MEGABYTES: f64 = 400.0;
const SPEED_UP: f64 = 1.8;
/// Of the points at which two threads and two ranks are compared with one.
const SHARED: [usize; 3] = [632, 400, 32];
const TURNS: usize = 5;
const REPEATS: usize = 4;

/// CPU seconds and memory at the sizes of the timing problem, and what a second thread and a second rank add: by wall
/// time, which other users of the machine spoil, and by the CPU time of the busier rank.
///
/// # Errors
/// Where the program can't be built or run.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let program = Program::built()?;
    let mut records = Vec::new();
    let mut table = String::from(
        "| points | N | Reterra, CPU s | MB | PDAF, brute-force search, s | PDAF, cell-list search, s | MB | PDAF (cell list) / Reterra |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for pdaf in &SIZES {
        let alone = Launch { size: pdaf.size, ranks: 1, threads: 1, repeats: REPEATS, groups: None };
        let outcome = program.run(&alone)?;
        let name = |what: &str| format!("assimilation-3-{what}-{}", label(pdaf.size));
        records.push(Record::new(name("cpu"), outcome.cpu_seconds, Goal::AtMost(pdaf.goal), "s"));
        if pdaf.size == [1250, 800, 32] {
            let goal = Goal::AtMost(MEGABYTES);
            records.push(Record::new(name("memory"), outcome.peak_megabytes, goal, "MB"));
        }
        write_row(&mut table, pdaf, &outcome);
    }
    records.extend(speed_up(&program, &mut table)?);
    let folder = places::validation();
    std::fs::create_dir_all(&folder).map_err(ValidationError::file("create", &folder))?;
    let path = folder.join("assimilation-3.md");
    std::fs::write(&path, table).map_err(ValidationError::file("write", &path))?;
    Ok(records)
}

fn label([nx, ny, members]: [usize; 3]) -> String {
    format!("{}-points-{members}-members", nx * ny)
}

fn write_row(table: &mut String, pdaf: &Pdaf, outcome: &Outcome) {
    let [nx, ny, members] = pdaf.size;
    let or_dash = |x: Option<f64>| x.map_or("–".to_owned(), |x| format!("{x:.1}"));
    let _ = writeln!(
        table,
        "| {} | {members} | {:.2} | {:.0} | {} | {:.1} | {} | {:.1} |",
        nx * ny,
        outcome.cpu_seconds,
        outcome.peak_megabytes,
        or_dash(pdaf.shipped),
        pdaf.searched,
        or_dash(pdaf.megabytes),
        pdaf.searched / outcome.cpu_seconds
    );
}

/// The quickest of several launches, taken in turns, each way.
fn speed_up(program: &Program, table: &mut String) -> Result<Vec<Record>, ValidationError> {
    let launch = |ranks, threads| Launch { size: SHARED, ranks, threads, repeats: REPEATS, groups: None };
    let ways = [launch(1, 1), launch(1, 2), launch(2, 1)];
    let mut best = [[f64::INFINITY; 3]; 3];
    for _ in 0..TURNS {
        for (way, best) in ways.iter().zip(&mut best).filter(|(way, _)| way.ranks == 1 || program.has_ranks())
        {
            let outcome = program.run(way)?;
            let now = [outcome.wall_seconds, outcome.cpu_seconds, outcome.peak_megabytes];
            best.iter_mut().zip(now).for_each(|(best, now)| *best = best.min(now));
        }
    }
    let [one, threads, ranks] = best;
    let _ = writeln!(
        table,
        "\nAt {} points and {} members: one thread {:.2} s of wall time, two threads {:.2} s, two ranks {:.2} s \
         (CPU of the busier rank {:.2} s, {:.0} MB each).",
        SHARED[0] * SHARED[1],
        SHARED[2],
        one[0],
        threads[0],
        ranks[0],
        ranks[1],
        ranks[2]
    );
    let record = |what: &str, measured| {
        Record::new(format!("assimilation-3-{what}"), measured, Goal::AtLeast(SPEED_UP), "1")
    };
    Ok(vec![
        record("two-threads-speed-up", one[0] / threads[0]),
        record("two-ranks-speed-up", one[0] / ranks[0]),
        record("two-ranks-cpu-share", one[1] / ranks[1]),
    ])
}
