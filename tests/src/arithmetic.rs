//! What kinds of floating-point arithmetic a program executes: callgrind's count of every instruction, joined with the
//! instructions as objdump names them.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::Command;

use crate::ValidationError;
use crate::program::collect;

/// How many numbers an arithmetic instruction works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Vectors of 256 bits: four numbers of double precision.
    Wide,
    /// Vectors of 128 bits.
    Narrow,
    /// One number.
    Scalar,
}

impl Width {
    /// Of an instruction in AT&T syntax; none where it isn't floating-point arithmetic: additions to fused
    /// multiplications, divisions, roots, larger and smaller one. Moves, comparisons and conversions aren't.
    #[must_use]
    pub fn of(mnemonic: &str, operands: &str) -> Option<Width> {
        const STEMS: [&str; 7] = ["add", "sub", "mul", "div", "sqrt", "min", "max"];
        let name = mnemonic.strip_prefix('v').unwrap_or(mnemonic);
        let (stem, kind) = name.split_at_checked(name.len().checked_sub(2)?)?;
        let fused = ["fmadd", "fmsub", "fnmadd", "fnmsub"].iter().any(|f| stem.starts_with(f));
        if !fused && !STEMS.contains(&stem) {
            return None;
        }
        match kind {
            "pd" | "ps" if operands.contains("%ymm") => Some(Width::Wide),
            "pd" | "ps" => Some(Width::Narrow),
            "sd" | "ss" => Some(Width::Scalar),
            _ => None,
        }
    }
}

/// Instructions executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Executed {
    /// All of them.
    pub all: u64,
    /// Arithmetic on 256 bits.
    pub wide: u64,
    /// Arithmetic on vectors of 128 bits.
    pub narrow: u64,
    /// Arithmetic on one number.
    pub scalar: u64,
}

impl Executed {
    /// Floating-point arithmetic of any width.
    #[must_use]
    pub fn arithmetic(&self) -> u64 {
        self.wide + self.narrow + self.scalar
    }

    /// Share of the arithmetic that is wide; NaN without arithmetic.
    #[must_use]
    pub fn wide_share(&self) -> f64 {
        self.wide as f64 / self.arithmetic() as f64
    }

    fn count(&mut self, width: Option<Width>, times: u64) {
        self.all += times;
        match width {
            Some(Width::Wide) => self.wide += times,
            Some(Width::Narrow) => self.narrow += times,
            Some(Width::Scalar) => self.scalar += times,
            None => {}
        }
    }
}

impl std::ops::AddAssign for Executed {
    fn add_assign(&mut self, other: Self) {
        self.all += other.all;
        self.wide += other.wide;
        self.narrow += other.narrow;
        self.scalar += other.scalar;
    }
}

/// What was executed by function, the busiest first, from a profile that callgrind wrote with `--dump-instr=yes
/// --dump-line=no --compress-pos=no --compress-strings=no`.
///
/// # Errors
/// Where the profile can't be read or objdump can't be started or fails.
pub fn by_function(profile: &Path) -> Result<Vec<(String, Executed)>, ValidationError> {
    let text = std::fs::read_to_string(profile).map_err(ValidationError::file("read", profile))?;
    let mut functions: HashMap<String, Executed> = HashMap::new();
    for (object, counts) in by_object(&text) {
        let addresses = || counts.iter().map(|count| count.address);
        let (Some(first), Some(last)) = (addresses().min(), addresses().max()) else { continue };
        let widths = widths(&object, first..last + 1)?;
        for count in counts {
            let function = functions.entry(count.function.to_owned()).or_default();
            function.count(widths.get(&count.address).copied(), count.times);
        }
    }
    let mut functions: Vec<_> = functions.into_iter().collect();
    functions.sort_by(|a, b| b.1.all.cmp(&a.1.all).then_with(|| a.0.cmp(&b.0)));
    Ok(functions)
}

/// How often an instruction of an object was executed.
#[derive(Debug, PartialEq)]
struct Count<'a> {
    function: &'a str,
    address: u64,
    times: u64,
}

/// The counts of a profile by object file.
fn by_object(profile: &str) -> BTreeMap<String, Vec<Count<'_>>> {
    let mut objects: BTreeMap<String, Vec<Count>> = BTreeMap::new();
    let (mut object, mut function, mut of_call) = ("", "", false);
    for line in profile.lines() {
        if let Some(name) = line.strip_prefix("ob=") {
            object = name;
        } else if let Some(name) = line.strip_prefix("fn=") {
            function = name;
        } else if line.starts_with("calls=") {
            of_call = true;
        } else if let Some(cost) = line.strip_prefix("0x") {
            // The line after a call holds what the callee cost.
            if !std::mem::take(&mut of_call)
                && let Some((address, times)) = read_cost(cost)
            {
                objects.entry(object.to_owned()).or_default().push(Count { function, address, times });
            }
        }
    }
    objects
}

fn read_cost(line: &str) -> Option<(u64, u64)> {
    let mut words = line.split_whitespace();
    let address = u64::from_str_radix(words.next()?, 16).ok()?;
    Some((address, words.next_back()?.parse().ok()?))
}

/// The arithmetic instructions of an object's addresses. What isn't a file, such as the kernel's page, has none.
fn widths(object: &str, within: std::ops::Range<u64>) -> Result<HashMap<u64, Width>, ValidationError> {
    if !Path::new(object).is_file() {
        return Ok(HashMap::new());
    }
    let mut objdump = Command::new("objdump");
    objdump.args(["--disassemble", "--no-show-raw-insn"]);
    // An instruction has 15 bytes at most.
    objdump
        .arg(format!("--start-address={:#x}", within.start))
        .arg(format!("--stop-address={:#x}", within.end + 15));
    let said = collect(objdump.arg(object))?.success()?;
    Ok(said.out.lines().filter_map(read_instruction).collect())
}

/// `  3a530:  vmulpd 0x200(%rsp),%ymm1,%ymm0`, where it is arithmetic.
fn read_instruction(line: &str) -> Option<(u64, Width)> {
    let (address, instruction) = line.trim_start().split_once(':')?;
    let instruction = instruction.trim();
    let (mnemonic, operands) = instruction.split_once(' ').unwrap_or((instruction, ""));
    Some((u64::from_str_radix(address, 16).ok()?, Width::of(mnemonic, operands)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_is_told_from_what_only_moves_and_by_its_width() {
        let cases = [
            ("vmulpd", "0x200(%rsp),%ymm1,%ymm0", Some(Width::Wide)),
            ("vfnmadd213pd", "%ymm1,%ymm2,%ymm3", Some(Width::Wide)),
            ("vsqrtpd", "%ymm1,%ymm2", Some(Width::Wide)),
            ("vaddps", "%xmm1,%xmm2,%xmm3", Some(Width::Narrow)),
            ("addpd", "%xmm1,%xmm2", Some(Width::Narrow)),
            ("vdivsd", "%xmm1,%xmm2,%xmm3", Some(Width::Scalar)),
            ("vfmadd231sd", "%xmm1,%xmm2,%xmm3", Some(Width::Scalar)),
            ("mulsd", "%xmm1,%xmm2", Some(Width::Scalar)),
            ("vmovapd", "%ymm1,(%rsp)", None),
            ("vcmpltpd", "%ymm1,%ymm2,%ymm3", None),
            ("vblendvpd", "%ymm1,%ymm2,%ymm3,%ymm4", None),
            ("vpaddq", "%ymm1,%ymm2,%ymm3", None),
            ("add", "$0x20,%rsp", None),
            ("jb", "72610", None),
        ];
        for (mnemonic, operands, width) in cases {
            assert_eq!(Width::of(mnemonic, operands), width, "{mnemonic} {operands}");
        }
        assert_eq!(
            read_instruction("   3a530:\tvmulpd 0x200(%rsp),%ymm1,%ymm0"),
            Some((0x3a530, Width::Wide))
        );
        assert_eq!(read_instruction("0000000000072100 <step>:"), None);
    }

    #[test]
    fn what_a_callee_cost_is_not_counted_again() {
        let profile = "positions: instr\nevents: Ir\n\nob=/bin/model\nfn=step\n0x10 4\ncob=/lib/libm.so.6\ncfn=exp\n\
                       calls=4 0x900\n0x14 800\n0x14 4\n\nob=/lib/libm.so.6\nfn=exp\n0x900 4\n";
        let objects = by_object(profile);
        let count = |function, address, times| Count { function, address, times };
        assert_eq!(objects["/bin/model"], [count("step", 0x10, 4), count("step", 0x14, 4)]);
        assert_eq!(objects["/lib/libm.so.6"], [count("exp", 0x900, 4)]);
    }

    #[test]
    fn the_share_counts_arithmetic_only() {
        let mut executed = Executed::default();
        for (width, times) in [(Some(Width::Wide), 6), (Some(Width::Scalar), 2), (None, 92)] {
            executed.count(width, times);
        }
        assert!((executed.wide_share() - 0.75).abs() < 1e-15 && executed.all == 100);
        assert!(Executed::default().wide_share().is_nan());
    }
}
