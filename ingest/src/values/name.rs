//! Names of enterprises, made comparable and no more than that.
//!
//! Two spellings of one name (width, brackets, dashes, quotes, spaces, letter
//! case, a full stop behind it) become the same text. Nothing of the name is cut
//! off: a branch (`分公司`) keeps its own name, and neither the place in front nor
//! the legal form behind is stripped, for with another place or form it is
//! another enterprise; see [`likeness`](super::likeness) for what resembles.
//! Traditional characters stay what they are: there is no table at hand that
//! would turn back every variant and nothing else.

use super::is_absent;
use super::text::{half_width, is_blank};
use crate::fact::{SubjectKey, SubjectKind};
use std::borrow::Cow;
use xxhash_rust::xxh3::xxh3_128;

/// The name as it is compared; borrowed where it is normal already.
pub fn normalise(name: &str) -> Cow<'_, str> {
    let normal = if name.chars().all(is_normal) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(
            name.chars()
                .filter(|c| !is_blank(half_width(*c)))
                .map(normal)
                .collect(),
        )
    };
    match (bare(&normal).len() == normal.len(), normal) {
        (true, normal) => normal,
        (false, Cow::Borrowed(text)) => Cow::Borrowed(bare(text)),
        (false, Cow::Owned(text)) => Cow::Owned(bare(&text).to_owned()),
    }
}

/// Without what a sentence leaves around a name: stops, and quotation marks
/// about the whole of it.
fn bare(text: &str) -> &str {
    let text = text.trim_matches(STOPS);
    let inner = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match inner.filter(|inner| !inner.contains('"')) {
        Some(inner) => inner.trim_matches(STOPS),
        None => text,
    }
}

/// What a sentence leaves around a name that is copied out of it.
const STOPS: [char; 7] = ['。', '、', '.', ',', ';', ':', '!'];

/// The key of whatever enterprise this name means; none without a name.
pub fn key(name: &str) -> Option<SubjectKey> {
    let normal = normalise(name);
    if is_absent(name) || normal.is_empty() {
        return None;
    }
    let hash = xxh3_128(normal.as_bytes());
    Some(SubjectKey::new(SubjectKind::Name, hash))
}

fn is_normal(c: char) -> bool {
    !is_blank(c) && normal(c) == c
}

fn normal(c: char) -> char {
    match half_width(c) {
        '〔' | '﹙' | '[' | '【' | '［' => '(',
        '〕' | '﹚' | ']' | '】' | '］' => ')',
        '〖' | '﹝' | '{' => '(',
        '〗' | '﹞' | '}' => ')',
        '•' | '・' | '‧' | '∙' | '⋅' | '･' => '·',
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => '-',
        '“' | '”' | '„' | '「' | '」' | '『' | '』' | '《' | '》' | '\'' | '‘' | '’' => {
            '"'
        }
        other => other.to_ascii_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn same(a: &str, b: &str) {
        assert_eq!(key(a), key(b), "{a:?} {b:?}");
    }

    fn different(a: &str, b: &str) {
        assert_ne!(key(a), key(b), "{a:?} {b:?}");
    }

    #[test]
    fn spellings_of_one_name() {
        same("某某（深圳）有限公司", "某某(深圳)有限公司");
        same("某某〔深圳〕有限公司", "某某(深圳)有限公司");
        same("某某 科技　有限公司 ", "某某科技有限公司");
        same("ａｂｃ科技有限公司", "ABC科技有限公司");
        same("Abc科技有限公司", "abc科技有限公司");
        same("阿里•巴巴", "阿里·巴巴");
        same("某某【深圳】有限公司", "某某﹝深圳﹞有限公司");
        same("某某—甲有限公司", "某某-甲有限公司");
        same("“某某”有限公司", "「某某」有限公司");
        same("某某有限公司。", "某某有限公司");
        same("“某某有限公司”", "某某有限公司");
        same("《某某有限公司》。", "某某有限公司");
        different("“某某”有限公司“分公司”", "某某有限公司分公司");
        different("“某某”有限公司", "某某有限公司");
        same("１２３科技有限公司，", "123科技有限公司");
    }

    #[test]
    fn names_that_are_not_one() {
        different("某某有限公司", "某某有限公司深圳分公司");
        different("深圳某某有限公司", "某某有限公司");
        different("某某(深圳)有限公司", "某某深圳有限公司");
        different("某某有限公司", "某某有限责任公司");
    }

    #[test]
    fn no_name_no_key() {
        assert_eq!(key("。"), None);
        assert_eq!(key(""), None);
        assert_eq!(key(" N/A "), None);
        assert_eq!(
            key("无锡某某有限公司").map(SubjectKey::kind),
            Some(SubjectKind::Name)
        );
    }

    #[test]
    fn normal_names_are_borrowed() {
        assert!(matches!(normalise("某某(深圳)有限公司"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(name in any::<String>()) {
            let once = normalise(&name).into_owned();
            prop_assert_eq!(normalise(&once), once.as_str());
        }

        #[test]
        fn a_branch_never_has_its_parents_name(name in any::<String>(), end in 0usize..4) {
            let end = ["分公司", "分店", "办事处", "分行"][end];
            prop_assert_ne!(key(&name), key(&format!("{name}{end}")));
        }
    }
}
