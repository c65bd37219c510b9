//! Exact comparison of decimal numbers of any size.

use std::cmp::Ordering;

/// Exponents are compared as if those beyond this were this.
const EXPONENT_MAX: i64 = 1 << 60;

/// Compares the values of two JSON numbers (RFC 8259 section 6), exactly: nothing is rounded, and
/// `1`, `1.0` and `10e-1` are equal, as `0` and `-0` are. Linear in their length.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    if let (Some(left), Some(right)) = (small_integer(left), small_integer(right)) {
        return left.cmp(&right);
    }
    let (left, right) = (Decimal::new(left), Decimal::new(right));
    match (left.sign(), right.sign()) {
        (0, 0) => Ordering::Equal,
        (-1, -1) => right.compare_magnitude(&left),
        (1, 1) => left.compare_magnitude(&right),
        (left, right) => left.cmp(&right),
    }
}

/// A number as `0.DIGITS * 10^exponent`. The first digit, if any, is not zero.
struct Decimal<'a> {
    negative: bool,
    exponent: i64,
    integer: &'a [u8],
    fraction: &'a [u8],
}

impl<'a> Decimal<'a> {
    fn new(number: &'a str) -> Decimal<'a> {
        let (negative, number) = match number.strip_prefix('-') {
            Some(magnitude) => (true, magnitude),
            None => (false, number),
        };
        let (digits, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let (integer, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let integer = integer.trim_start_matches('0');
        let significant = if integer.is_empty() {
            fraction.trim_start_matches('0')
        } else {
            fraction
        };
        let zeros = fraction.len() - significant.len();
        let exponent = clamped(exponent) + integer.len() as i64 - zeros as i64;
        Decimal {
            negative,
            exponent,
            integer: integer.as_bytes(),
            fraction: significant.as_bytes(),
        }
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.integer.iter().chain(self.fraction).copied()
    }

    fn sign(&self) -> i8 {
        match (self.digits().next(), self.negative) {
            (None, _) => 0,
            (Some(_), true) => -1,
            (Some(_), false) => 1,
        }
    }

    fn compare_magnitude(&self, other: &Decimal<'_>) -> Ordering {
        self.exponent.cmp(&other.exponent).then_with(|| {
            let (mut left, mut right) = (self.digits(), other.digits());
            loop {
                match (left.next(), right.next()) {
                    (None, None) => return Ordering::Equal,
                    (left, right) => match left.unwrap_or(b'0').cmp(&right.unwrap_or(b'0')) {
                        Ordering::Equal => {}
                        unequal => return unequal,
                    },
                }
            }
        })
    }
}

/// The value of a number that is written as an integer of at most 18 digits, as most are.
fn small_integer(number: &str) -> Option<i64> {
    let (sign, digits) = match number.as_bytes() {
        [b'-', digits @ ..] => (-1, digits),
        digits => (1, digits),
    };
    if digits.len() > 18 {
        return None;
    }
    let mut value = 0i64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
    }
    Some(sign * value)
}

/// The value of the digits of an exponent, brought into range.
fn clamped(exponent: &str) -> i64 {
    let (sign, digits) = match exponent.as_bytes() {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] | digits => (1, digits),
    };
    let magnitude = digits.iter().fold(0i64, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add(i64::from(digit.wrapping_sub(b'0')))
            .min(EXPONENT_MAX)
    });
    sign * magnitude
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_in_different_writing() {
        let classes: [&[&str]; 6] = [
            &[
                "0",
                "-0",
                "0.0",
                "-0.000",
                "0e5",
                "0E-400",
                "-0.0e999999999999999999999",
            ],
            &[
                "1",
                "1.0",
                "10e-1",
                "0.1e1",
                "0.001e+3",
                "1E0",
                "100000e-00005",
            ],
            &["-12.5", "-125e-1", "-0.125E2", "-12.500"],
            &["100", "1e2", "1.00e2", "0.1e3"],
            &["18446744073709551617", "1.8446744073709551617e19"],
            &["1e400", "0.1e401", "1000e397"],
        ];
        for class in classes {
            for left in class {
                for right in class {
                    assert_eq!(compare(left, right), Ordering::Equal, "{left} {right}");
                }
            }
        }
    }

    #[test]
    fn ascending_order_without_rounding() {
        let ascending = [
            "-1e99999999999999999999999",
            "-1e400",
            "-100",
            "-99.9",
            "-1",
            "-0.5",
            "-1e-400",
            "-1e-99999999999999999999999",
            "0",
            "1e-99999999999999999999999",
            "1e-400",
            "0.05",
            "0.5",
            "0.50000000000000000000000000001",
            "1",
            "9007199254740992",
            "9007199254740993",
            "9007199254740993.5",
            "18446744073709551616",
            "18446744073709551617",
            "1e400",
            "1.1e400",
            "1e401",
            "1e99999999999999999999999",
        ];
        for (left_place, left) in ascending.iter().enumerate() {
            for (right_place, right) in ascending.iter().enumerate() {
                assert_eq!(
                    compare(left, right),
                    left_place.cmp(&right_place),
                    "{left} {right}"
                );
            }
        }
    }
}
