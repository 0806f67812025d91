//! Valid credit codes of enterprises that do not exist.

const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// The credit code of enterprise `number`: both check characters hold.
pub fn code(number: u32) -> String {
    let body = format!("{number:08}");
    let mut code = format!("91440300{body}{}", organisation_check(&body));
    let places = code.bytes().scan(1, |weight, c| {
        let place = ALPHABET.iter().position(|known| *known == c).unwrap() * *weight;
        *weight = *weight * 3 % 31;
        Some(place)
    });
    let check = (31 - places.sum::<usize>() % 31) % 31;
    code.push(char::from(ALPHABET[check]));
    code
}

/// The check character of an organisation code of eight digits.
fn organisation_check(body: &str) -> char {
    let weighted = body.bytes().zip([3, 7, 9, 10, 5, 8, 4, 2]);
    let sum: u32 = weighted
        .map(|(c, weight)| u32::from(c - b'0') * weight)
        .sum();
    match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from_digit(digit, 10).unwrap(),
    }
}

/// The old registration number of enterprise `number`.
pub fn old_number(number: u32) -> String {
    format!("44030000{number:07}")
}
