//! Numbers of files that others wrote: fill values and packing as CF-1.11 has them (sections 2.5.1 and 8.1).

use netcdf::types::NcVariableType;
use netcdf::{AttributeValue, Variable};

use super::read::values;
use super::write::{FILL_DOUBLE, FILL_SINGLE};

/// A numeric variable's values in C order, unpacked, NaN where there is no value; none for text.
///
/// What nobody wrote counts as no value also where the file names no fill value: the library has put its own there.
pub(crate) fn decoded(variable: &Variable) -> Result<Option<Vec<f64>>, netcdf::Error> {
    let Some(mut found) = values(variable)? else { return Ok(None) };
    let number = |name: &str| -> Result<Option<f64>, netcdf::Error> {
        Ok(variable.attribute_value(name).transpose()?.as_ref().and_then(number))
    };
    let mut gaps: Vec<f64> = number("missing_value")?.into_iter().collect();
    if matches!(variable.vartype(), NcVariableType::Float(_)) {
        gaps.extend([FILL_DOUBLE, f64::from(FILL_SINGLE)]);
    }
    let (scale, offset) = (number("scale_factor")?, number("add_offset")?);
    for value in &mut found {
        if gaps.iter().any(|gap| gap.to_bits() == value.to_bits()) {
            *value = f64::NAN;
        }
        if let Some(scale) = scale {
            *value *= scale;
        }
        if let Some(offset) = offset {
            *value += offset;
        }
    }
    Ok(Some(found))
}

/// An attribute that is one number.
fn number(value: &AttributeValue) -> Option<f64> {
    Some(match value {
        AttributeValue::Double(v) => *v,
        AttributeValue::Float(v) => f64::from(*v),
        AttributeValue::Int(v) => f64::from(*v),
        AttributeValue::Uint(v) => f64::from(*v),
        AttributeValue::Short(v) => f64::from(*v),
        AttributeValue::Ushort(v) => f64::from(*v),
        AttributeValue::Schar(v) => f64::from(*v),
        AttributeValue::Uchar(v) => f64::from(*v),
        _ => return None,
    })
}
