//! Observations from keys or tables.

use ndarray::Array2;
use reterra_assimilation::Noise;
use reterra_io::NumberTable;

use super::settings::Observed;
use super::validate::{Checked, Validator};
use super::written::{OneOrMany, WrittenObservations, WrittenOutputValues};

/// What is observed, before it is a problem.
pub(super) struct Observations {
    pub observed: Vec<Observed>,
    pub y: Vec<f64>,
    pub noise: Noise,
}

/// Names, values and standard deviations where they are given, value by value.
type Listed = (Vec<String>, Vec<f64>, Option<Vec<f64>>);

impl Validator<'_> {
    pub fn observations(&self, written: &WrittenObservations) -> Checked<Observations> {
        let (names, y, sd) = match (&written.table, written.outputs.is_empty()) {
            (Some(table), true) => self.table(table, written.covariance.is_none())?,
            (None, false) => self.listed(&written.outputs)?,
            _ => {
                let accepted = "a `table`, or `[[observations.outputs]]`, and not both";
                return Err(self.source.invalid("observations", &"both or none of them", accepted));
            }
        };
        let observed = self.grouped(&names)?;
        let noise = match (&written.covariance, sd) {
            (Some(file), None) => Noise::Full(self.covariance(file, y.len())?),
            (None, Some(sd)) => Noise::Diagonal(sd.iter().map(|sd| sd * sd).collect()),
            (Some(_), Some(_)) => {
                let accepted = "a covariance, or standard deviations `sd`, and not both";
                return Err(self.source.invalid("observations.covariance", &"given beside sd", accepted));
            }
            (None, None) => return Err(self.source.missing("observations", "sd")),
        };
        Ok(Observations { observed, y, noise })
    }

    fn table(&self, file: &str, with_sd: bool) -> Checked<Listed> {
        let table = NumberTable::read(&self.existing("observations.table", file)?)?;
        let sd = if with_sd { Some(table.numbers("sd")?) } else { None };
        Ok((table.texts("output")?, table.numbers("value")?, sd))
    }

    fn listed(&self, outputs: &[WrittenOutputValues]) -> Checked<Listed> {
        let (mut names, mut values, mut sds) = (Vec::new(), Vec::new(), Vec::new());
        let with_sd = outputs.iter().any(|output| output.sd.is_some());
        for (i, output) in outputs.iter().enumerate() {
            let key = |key: &str| format!("observations.outputs[{i}].{key}");
            let own = match &output.values {
                OneOrMany::One(value) => vec![*value],
                OneOrMany::Many(values) => values.clone(),
            };
            if with_sd {
                let sd =
                    output.sd.clone().ok_or_else(|| self.source.missing("observations.outputs", "sd"))?;
                let sd = match sd {
                    OneOrMany::One(sd) => vec![sd; own.len()],
                    OneOrMany::Many(sd) => sd,
                };
                let accepted = format!("one number, or {} as there are values", own.len());
                self.require(sd.len() == own.len(), &key("sd"), &format!("{} numbers", sd.len()), &accepted)?;
                sds.extend(sd);
            }
            self.require(!own.is_empty(), &key("values"), &"empty", "one number or more")?;
            names.extend(std::iter::repeat_n(output.name.clone(), own.len()));
            values.extend(own);
        }
        Ok((names, values, with_sd.then_some(sds)))
    }

    /// Outputs in the order of their first value; those of one output must follow each other.
    fn grouped(&self, names: &[String]) -> Checked<Vec<Observed>> {
        let mut found: Vec<Observed> = Vec::new();
        for name in names {
            match found.last_mut() {
                Some(last) if last.name == *name => last.values += 1,
                _ => {
                    let again = found.iter().any(|other| other.name == *name);
                    let accepted = "all values of an output one after another";
                    self.require(!again, "observations", name, accepted)?;
                    found.push(Observed { name: name.clone(), values: 1 });
                }
            }
        }
        Ok(found)
    }

    /// A table of m columns and m rows; the names in its header are not looked at.
    fn covariance(&self, file: &str, m: usize) -> Checked<Array2<f64>> {
        let table = NumberTable::read(&self.existing("observations.covariance", file)?)?;
        let size = format!("{} rows × {} columns", table.rows(), table.header().len());
        let accepted = format!("a table of {m} rows × {m} columns below a header");
        let fits = table.rows() == m && table.header().len() == m;
        self.require(fits, "observations.covariance", &size, &accepted)?;
        let mut matrix = Array2::zeros((m, m));
        for (k, name) in table.header().iter().enumerate() {
            for (i, value) in table.numbers(name)?.into_iter().enumerate() {
                matrix[[i, k]] = value;
            }
        }
        let scale = matrix.diag().iter().copied().fold(0.0, f64::max);
        let gap = (&matrix - &matrix.t()).iter().fold(0.0_f64, |gap, x| gap.max(x.abs()));
        self.require(gap <= 1e-9 * scale, "observations.covariance", &file, "a symmetric matrix")?;
        Ok(matrix)
    }
}
