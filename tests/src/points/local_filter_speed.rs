//! The local filter on waves against PDAF: CPU time, memory, two threads, two ranks.

use std::fmt::Write as _;

use crate::record::{Goal, Record};
use crate::waves::Outcome;
use crate::waves::program::{Launch, Priority, Program};
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
/// Launches each way: so many at least, and at most.
const TURNS: usize = 3;
const MOST_TURNS: usize = 10;
/// Analyses of a launch, of which the quickest counts.
const REPEATS: usize = 4;
/// Share of its processors from which on an analysis counts as undisturbed by other users of the machine.
const UNDISTURBED: f64 = 0.96;

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
        let alone = launch(pdaf.size, (1, 1), Priority::Ordinary);
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

fn launch(size: [usize; 3], (ranks, threads): (usize, usize), priority: Priority) -> Launch {
    Launch { size, ranks, threads, repeats: REPEATS, groups: None, priority }
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

/// A way to run the shared problem, and the least that its launches took.
struct Way {
    launch: Launch,
    wall: f64,
    cpu: f64,
    megabytes: f64,
}

impl Way {
    fn new(ranks: usize, threads: usize) -> Self {
        let launch = launch(SHARED, (ranks, threads), Priority::First);
        Self { launch, wall: f64::INFINITY, cpu: f64::INFINITY, megabytes: f64::INFINITY }
    }

    fn run(&mut self, program: &Program) -> Result<(), ValidationError> {
        let outcome = program.run(&self.launch)?;
        self.wall = self.wall.min(outcome.wall_seconds);
        self.cpu = self.cpu.min(outcome.cpu_seconds);
        self.megabytes = self.megabytes.min(outcome.peak_megabytes);
        Ok(())
    }

    /// Processors that a rank had while it was quickest.
    fn processors(&self) -> f64 {
        self.cpu / self.wall
    }

    /// Whether the quickest analysis had its processors for itself.
    fn undisturbed(&self) -> bool {
        self.processors() >= UNDISTURBED * self.launch.threads as f64
    }
}

/// Wall times of the quickest analysis each way. Launches take turns, so that all ways meet the same neighbours on the
/// machine, and go on until each has once had its processors for itself.
fn speed_up(program: &Program, table: &mut String) -> Result<Vec<Record>, ValidationError> {
    let mut ways = vec![Way::new(1, 1), Way::new(1, 2)];
    if program.has_ranks() {
        ways.push(Way::new(2, 1));
    }
    for turn in 0..MOST_TURNS {
        if turn >= TURNS && ways.iter().all(Way::undisturbed) {
            break;
        }
        ways.iter_mut().try_for_each(|way| way.run(program))?;
    }
    write_ways(table, &ways, program.may_go_first());
    let record = |what: &str, measured| {
        Record::new(format!("assimilation-3-{what}"), measured, Goal::AtLeast(SPEED_UP), "1")
    };
    // Not a number, and so no pass, where there are no ranks.
    let of_ranks = |of: fn(&Way) -> f64| ways.get(2).map_or(f64::NAN, |ranks| of(&ways[0]) / of(ranks));
    Ok(vec![
        record("two-threads-speed-up", ways[0].wall / ways[1].wall),
        record("two-ranks-speed-up", of_ranks(|way| way.wall)),
        record("two-ranks-cpu-share", of_ranks(|way| way.cpu)),
    ])
}

/// The ways, and who else had a say in their times.
fn write_ways(table: &mut String, ways: &[Way], first: bool) {
    let neighbours =
        if first { "before all other processes of the machine" } else { "beside what else the machine ran" };
    let _ = writeln!(
        table,
        "\n{} points and {} members, the quickest of many analyses each way, taken in turns and {neighbours}:\n\n\
         | ranks | threads | wall time, s | CPU of the busier rank, s | processors it had | MB of a rank |\n\
         |---|---|---|---|---|---|",
        SHARED[0] * SHARED[1],
        SHARED[2]
    );
    for way in ways {
        let Launch { ranks, threads, .. } = way.launch;
        let (wall, cpu, had) = (way.wall, way.cpu, way.processors());
        let _ = writeln!(
            table,
            "| {ranks} | {threads} | {wall:.3} | {cpu:.3} | {had:.2} | {:.0} |",
            way.megabytes
        );
    }
}
