//! Numbers as readers see them: significant digits, a true minus sign, powers of ten, a dash for what is missing.

/// What stands where there is no number.
pub(crate) const MISSING: &str = "–";

const SUPERSCRIPTS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];

/// `value` with a fixed number of decimals.
pub(crate) fn fixed(value: Option<f64>, decimals: usize) -> String {
    match value {
        Some(value) if value.is_finite() => sign(&format!("{value:.decimals$}")),
        _ => MISSING.to_owned(),
    }
}

/// `value` with its sign always shown.
pub(crate) fn signed(value: Option<f64>, decimals: usize) -> String {
    let text = fixed(value, decimals);
    if value.is_some_and(|value| value > 0.0) && text != fixed(Some(0.0), decimals) {
        return format!("+{text}");
    }
    text
}

/// `value` rounded to a whole number.
pub(crate) fn whole(value: f64) -> String {
    if value.is_finite() { group(&sign(&format!("{value:.0}"))) } else { MISSING.to_owned() }
}

/// `value` with `digits` significant digits; as a power of ten where it is very small or large.
pub(crate) fn significant(value: f64, digits: u8) -> String {
    if !value.is_finite() {
        return MISSING.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor() as i32;
    if !(-3..6).contains(&magnitude) {
        return scientific(value, digits);
    }
    let decimals = usize::try_from(i32::from(digits) - 1 - magnitude).unwrap_or(0);
    group(&sign(&format!("{value:.decimals$}")))
}

/// A tick's label: no more digits than the step between ticks needs.
pub(crate) fn tick(value: f64, step: f64) -> String {
    if !(1e-4..1e5).contains(&step) {
        return scientific(value, 2);
    }
    let decimals = usize::try_from(-(step.log10() + 1e-9).floor() as i64).unwrap_or(0);
    group(&sign(&format!("{value:.decimals$}")))
}

/// Like [`significant`], without trailing zeros after the point.
pub(crate) fn compact(value: f64, digits: u8) -> String {
    let text = significant(value, digits);
    if text.contains('.') && !text.contains('×') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

fn scientific(value: f64, digits: u8) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let text = format!("{value:.*e}", usize::from(digits.saturating_sub(1)));
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{} × 10{}", sign(mantissa), superscript(exponent))
}

/// A power of ten alone, for logarithmic axes.
pub(crate) fn power_of_ten(exponent: i32) -> String {
    match exponent {
        -2..=3 => format!("{}", 10_f64.powi(exponent)),
        _ => format!("10{}", superscript(&exponent.to_string())),
    }
}

fn superscript(exponent: &str) -> String {
    let one = |c: char| match c.to_digit(10) {
        Some(digit) => SUPERSCRIPTS[digit as usize],
        None => '⁻',
    };
    exponent.chars().map(one).collect()
}

/// A true minus sign, and none before zero.
fn sign(text: &str) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| c == '0' || c == '.') => rest.to_owned(),
        Some(rest) => format!("\u{2212}{rest}"),
        None => text.to_owned(),
    }
}

/// Thin spaces between thousands from 10 000 on.
fn group(text: &str) -> String {
    let digits = text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).count();
    if digits < 5 {
        return text.to_owned();
    }
    let start = text.chars().take_while(|c| !c.is_ascii_digit()).count();
    let mut out = String::new();
    for (i, c) in text.chars().enumerate() {
        if i > start && i < start + digits && (start + digits - i) % 3 == 0 {
            out.push('\u{202f}');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_printed_ones() {
        assert_eq!(fixed(Some(-0.001), 2), "0.00");
        assert_eq!(fixed(Some(f64::NAN), 2), MISSING);
        assert_eq!(signed(Some(0.25), 2), "+0.25");
        assert_eq!(signed(Some(0.001), 2), "0.00");
        assert_eq!(signed(Some(-0.25), 2), "\u{2212}0.25");
        assert_eq!(significant(12345.6, 3), "12\u{202f}346");
        assert_eq!(significant(-123456.0, 3), "\u{2212}123\u{202f}456");
        assert_eq!(whole(2013.0), "2013");
        assert_eq!(compact(1.0, 2), "1");
        assert_eq!(compact(100.0, 3), "100");
        assert_eq!(compact(0.250, 3), "0.25");
        assert_eq!(significant(0.012345, 3), "0.0123");
        assert_eq!(significant(3.14e-14, 2), "3.1 × 10⁻¹⁴");
        assert_eq!(significant(f64::INFINITY, 2), MISSING);
        assert_eq!(power_of_ten(-4), "10⁻⁴");
        assert_eq!(power_of_ten(-1), "0.1");
    }

    #[test]
    fn ticks_carry_the_decimals_of_their_step() {
        assert_eq!(tick(0.30000000000000004, 0.1), "0.3");
        assert_eq!(tick(-2.0, 2.0), "\u{2212}2");
        assert_eq!(tick(0.25, 0.05), "0.25");
        assert_eq!(tick(20000.0, 10000.0), "20\u{202f}000");
    }
}
