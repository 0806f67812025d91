//! The vectors of the standard, and every single error it promises to find.

use super::*;
use proptest::prelude::*;

const VALID: [&str; 4] = [
    "91350100M000100Y43",
    "11320000MB151840XJ",
    "91440300MA00000820",
    "91440300MA0000269Y",
];

fn refusal(cell: &str) -> Refusal {
    Uscc::parse(cell).unwrap_err()
}

#[test]
fn vectors_of_the_standard() {
    for text in VALID {
        let code = Uscc::parse(text).unwrap();
        assert_eq!(code.as_str(), text);
        assert!(!code.was_normalised(text));
    }
    let sum = |text: &str| -> u32 {
        text.bytes()
            .zip(WEIGHTS)
            .map(|(c, w)| u32::from(value(c)) * w)
            .sum()
    };
    assert_eq!(sum("91350100M000100Y4"), 1640);
    assert_eq!(sum("11320000MB151840X"), 1966);
}

#[test]
fn lower_case_and_full_width_are_made_normal() {
    for cell in [
        "91350100m000100y43",
        "９１３５０１００Ｍ０００１００Ｙ４３",
        " 91350100M000100Y43　",
        "\u{feff}91350100M000100Y43",
    ] {
        let code = Uscc::parse(cell).unwrap();
        assert_eq!(code.as_str(), VALID[0], "{cell:?}");
        assert!(code.was_normalised(cell));
    }
}

#[test]
fn refused_with_the_reason() {
    assert_eq!(
        refusal("91350100M000100Y44").to_string(),
        "check character `4`, expected `3`"
    );
    assert_eq!(
        refusal("91350100M000100Y4").to_string(),
        "17 characters, allowed: 18"
    );
    assert_eq!(
        refusal("9135010OM000100Y43").to_string(),
        "character `O` at position 8, allowed: 0-9 and A-Y without I, O, S, V"
    );
    assert_eq!(
        refusal("91350100M000100Y4三"),
        Refusal::Character {
            found: '三',
            position: 18,
            allowed: ALLOWED
        }
    );
    assert_eq!(
        refusal("91350100M000100Y4Z"),
        Refusal::Character {
            found: 'Z',
            position: 18,
            allowed: ALLOWED
        }
    );
    assert_eq!(refusal("N/A"), Refusal::Absent);
    assert_eq!(refusal(""), Refusal::Absent);
}

#[test]
fn a_wrong_inner_check_is_seen_but_accepted() {
    // The same code with another inner check character, and the outer one right.
    let mut text = *b"91350100M000100Y53";
    text[17] = check_character(&text);
    let code = Uscc::parse(std::str::from_utf8(&text).unwrap()).unwrap();
    assert!(!code.organisation_check_holds());
    assert!(Uscc::parse(VALID[0]).unwrap().organisation_check_holds());
    assert_eq!(
        Uscc::parse(VALID[0]).unwrap().organisation_code(),
        "M000100Y4"
    );
}

/// A hundred codes spread over the whole range of the alphabet.
fn hundred_codes() -> Vec<[u8; 18]> {
    let codes = (0..100u128).map(|i| i * 227_000_000_000_000_000_000_003 % 31u128.pow(17));
    codes
        .map(|packed| Uscc::unpack(packed).unwrap().text)
        .collect()
}

fn accepts(text: &[u8; 18]) -> bool {
    Uscc::parse(std::str::from_utf8(text).unwrap()).is_ok()
}

#[test]
fn all_single_substitutions_are_found() {
    let mut tried = 0;
    for text in hundred_codes() {
        for position in 0..18 {
            for other in ALPHABET.iter().filter(|c| **c != text[position]) {
                let mut wrong = text;
                wrong[position] = *other;
                assert!(!accepts(&wrong), "{}", String::from_utf8_lossy(&wrong));
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 54_000);
}

#[test]
fn all_transpositions_of_neighbours_are_found() {
    for text in hundred_codes() {
        for position in (0..17).filter(|i| text[*i] != text[i + 1]) {
            let mut wrong = text;
            wrong.swap(position, position + 1);
            assert!(!accepts(&wrong), "{}", String::from_utf8_lossy(&wrong));
        }
    }
}

#[test]
fn keys_of_other_kinds_are_no_codes() {
    let code = Uscc::parse(VALID[0]).unwrap();
    assert_eq!(Uscc::from_key(code.key()), Some(code));
    assert_eq!(
        Uscc::from_key(SubjectKey::new(SubjectKind::Name, code.packed())),
        None
    );
    assert_eq!(Uscc::unpack(31u128.pow(17)), None);
}

proptest! {
    #[test]
    fn packing_is_reversible(packed in 0..31u128.pow(17)) {
        let code = Uscc::unpack(packed).unwrap();
        prop_assert_eq!(code.packed(), packed);
        prop_assert_eq!(Uscc::parse(code.as_str()), Ok(code));
    }

    #[test]
    fn any_text_is_read_or_refused(cell in any::<String>()) {
        let _ = Uscc::parse(&cell);
    }
}
