//! Identifiers of a simulated enterprise: credit codes with both check digits
//! (GB 32100-2015, GB 11714), old registration numbers, accounts, persons.

use crate::random::{mix, stream};

const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const WEIGHTS: [u32; 17] = [
    1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28,
];
const INNER_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// Value of each ASCII byte in the alphabet; only bytes of it are looked up.
const VALUES: [u8; 128] = values();

const fn values() -> [u8; 128] {
    let mut table = [0u8; 128];
    let mut at = 0;
    while at < ALPHABET.len() {
        table[ALPHABET[at] as usize] = at as u8;
        at += 1;
    }
    table
}

/// How many different codes [`credit_code`] and [`load_code`] can make.
pub(crate) const CODES: u64 = 31 * 31 * 31 * 31 * 31;

/// The credit code number `index` (below [`CODES`]); of an institution that the
/// civil affairs office registers, or of a firm.
pub(crate) fn credit_code(index: u64, institution: bool) -> [u8; 18] {
    let template = if institution {
        b"52440300MJ00000000"
    } else {
        b"91440300MA00000000"
    };
    numbered(*template, index)
}

/// The code number `index` of district `44030d`, as the benchmark's load has it.
pub(crate) fn load_code(index: u64, district: u8) -> [u8; 18] {
    let mut code = *b"91440300MA00000000";
    code[7] = b'0' + district % 10;
    numbered(code, index)
}

fn numbered(mut code: [u8; 18], index: u64) -> [u8; 18] {
    // An odd stride makes neighbours look unrelated and stays one to one.
    let mut rest = (index % CODES) * 7_919 % CODES;
    for at in (11..16).rev() {
        code[at] = ALPHABET[(rest % 31) as usize];
        rest /= 31;
    }
    code[10] = b'5';
    code[16] = inner_check(&code);
    code[17] = check(&code);
    code
}

fn inner_check(code: &[u8; 18]) -> u8 {
    let mut sum = 0;
    for (at, weight) in INNER_WEIGHTS.iter().enumerate() {
        let byte = code[8 + at];
        let value = if byte.is_ascii_digit() {
            byte - b'0'
        } else {
            byte - b'A' + 10
        };
        sum += u32::from(value) * weight;
    }
    match 11 - sum % 11 {
        10 => b'X',
        11 => b'0',
        digit => b'0' + digit as u8,
    }
}

fn check(code: &[u8; 18]) -> u8 {
    let mut sum = 0;
    for (at, weight) in WEIGHTS.iter().enumerate() {
        sum += u32::from(VALUES[(code[at] & 127) as usize]) * weight;
    }
    ALPHABET[((31 - sum % 31) % 31) as usize]
}

/// The same code with a wrong check digit.
pub(crate) fn wrong_check(code: &str) -> String {
    let mut text: String = code.chars().take(17).collect();
    text.push(if code.ends_with('7') { '8' } else { '7' });
    text
}

/// A 15-digit registration number, unique by `index` below 100 million, with
/// its check digit (ISO 7064, modulus 11,10).
pub(crate) fn registration_number(index: u64) -> String {
    let mut text = format!("440301{:08}", index % 100_000_000);
    let mut product = 10;
    for byte in text.bytes() {
        let sum = (product + u32::from(byte - b'0')) % 10;
        product = if sum == 0 { 10 } else { sum } * 2 % 11;
    }
    text.push(char::from(b'0' + ((11 - product) % 10) as u8));
    text
}

/// An account of 19 digits, unique by (`owner`, `serial`).
pub(crate) fn account(seed: u64, owner: u64, serial: u32) -> String {
    let salt = mix(seed, stream::ACCOUNT, owner, u64::from(serial)) % 1_000;
    format!("6217{owner:010}{:02}{salt:03}", serial % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checks_agree_with_published_codes() {
        for text in [
            "91350100M000100Y43",
            "11320000MB151840XJ",
            "91440300MA00000820",
            "91440300MA0000269Y",
        ] {
            let mut code = [0u8; 18];
            code.copy_from_slice(text.as_bytes());
            assert_eq!(check(&code), code[17], "{text}");
        }
        let mut code = [0u8; 18];
        code.copy_from_slice(b"91350100M000100Y43");
        assert_eq!(inner_check(&code), code[16]);
    }

    #[test]
    fn codes_are_distinct() {
        let mut codes: Vec<[u8; 18]> = (0..200_000).map(|at| credit_code(at, false)).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), 200_000);
    }

    #[test]
    fn registration_numbers_satisfy_their_check() {
        // ISO 7064: running over all digits with the check ends in 1.
        for index in [0, 1, 12_345_678, 99_999_999] {
            let digits = registration_number(index).into_bytes();
            let mut product = 10;
            for byte in &digits[..14] {
                let sum = (product + u32::from(byte - b'0')) % 10;
                product = if sum == 0 { 10 } else { sum } * 2 % 11;
            }
            assert_eq!((product + u32::from(digits[14] - b'0')) % 10, 1);
        }
    }
}
