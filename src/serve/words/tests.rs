//! The catalogue against what pages say.

use super::*;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What code and templates say: the texts of `"…"|t`, `t("…")` and `say("…"`.
fn said() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut texts = Vec::new();
    gather(&root, &mut texts);
    assert!(texts.len() > 50, "{}", texts.len());
    let mut said = BTreeSet::new();
    for text in texts {
        said.extend(before(&text, "\"|t"));
        for call in ["t(\"", "say(\""] {
            said.extend(after(&text, call));
        }
    }
    said
}

fn gather(folder: &Path, texts: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let is_here = !path.ends_with("words/tests.rs") && !path.ends_with("assets");
        if path.is_dir() && is_here {
            gather(&path, texts);
        } else if is_here
            && path.extension().is_some_and(|e| e == "rs" || e == "html")
            && path.components().any(|part| part.as_os_str() == "serve")
        {
            texts.push(fs::read_to_string(path).unwrap());
        }
    }
}

/// The quoted texts that end where `end` is.
fn before(text: &str, end: &str) -> Vec<String> {
    let ends = text.match_indices(end).map(|(at, _)| at);
    let texts = ends.filter_map(|at| Some(text[text[..at].rfind('"')? + 1..at].to_owned()));
    texts.collect()
}

/// The quoted texts behind a call of a function of that very name.
fn after(text: &str, call: &str) -> Vec<String> {
    let is_call = |at: &usize| {
        let mut before = text[..*at].chars().rev();
        !before
            .next()
            .is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.')
    };
    let calls = text.match_indices(call).map(|(at, _)| at).filter(is_call);
    let texts = calls.filter_map(|at| {
        let rest = &text[at + call.len()..];
        Some(rest[..rest.find('"')?].to_owned())
    });
    texts.collect()
}

#[test]
fn every_word_that_pages_say_is_in_the_catalogue() {
    let known: BTreeSet<&str> = chinese::WORDS.iter().map(|(english, _)| *english).collect();
    assert_eq!(known.len(), chinese::WORDS.len(), "a word is there twice");
    let said = said();
    let missing: Vec<&String> = said
        .iter()
        .filter(|word| !known.contains(word.as_str()))
        .collect();
    assert!(missing.is_empty(), "not translated: {missing:#?}");
}

#[test]
fn translations_are_chinese_and_keep_their_places() {
    let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    for (english, chinese) in chinese::WORDS {
        assert!(!english.chars().any(is_han), "{english}");
        assert!(chinese.chars().any(is_han), "{english}: {chinese}");
        for place in ["{0}", "{1}", "{2}"] {
            assert_eq!(
                english.contains(place),
                chinese.contains(place),
                "{english}"
            );
        }
    }
}

#[test]
fn a_language_is_chosen_and_kept() {
    let chosen = |uri: &'static str| chosen(&Uri::from_static(uri));
    assert_eq!(chosen("/?lang=en"), Some((Lang::English, "/".to_owned())));
    assert_eq!(
        chosen("/cases?open=yes&lang=zh&after=3"),
        Some((Lang::Chinese, "/cases?open=yes&after=3".to_owned()))
    );
    assert_eq!(chosen("//elsewhere/?lang=en").unwrap().1, "/elsewhere/");
    assert_eq!(chosen("/?lang=fr"), None);
    let mut headers = HeaderMap::new();
    assert_eq!(kept(&headers), None);
    headers.insert(
        header::COOKIE,
        HeaderValue::from_static("a=b; tocsin_lang=en"),
    );
    assert_eq!(kept(&headers), Some(Lang::English));
    assert_eq!(t("anything unknown"), "anything unknown");
}

/// The details of problems that the console and the rules of casework write: what
/// stands in the quotes behind a problem or a refusal, `x` in its places.
fn details() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    gather(&root.join("src"), &mut texts);
    for entry in fs::read_dir(root.join("alerts/src/casework"))
        .unwrap()
        .flatten()
    {
        texts.push(fs::read_to_string(entry.path()).unwrap_or_default());
    }
    let calls = ["Problem::", "Refusal::", "let detail = "];
    let mut details = BTreeSet::new();
    for text in texts {
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (at, call) in calls.iter().flat_map(|call| code.match_indices(call)) {
            let behind = code[at + call.len()..]
                .trim_start_matches(|of: char| of.is_alphanumeric() || of == '_');
            let behind = behind.trim_start_matches(['(', ' ', '\n']);
            let behind = behind
                .strip_prefix("format!(")
                .unwrap_or(behind)
                .trim_start();
            let Some(literal) = behind.strip_prefix('"') else {
                continue;
            };
            details.insert(filled(&literal[..literal.find('"').unwrap()]));
        }
    }
    details
}

/// A text of the source with its line breaks joined, and `x` in its places.
fn filled(literal: &str) -> String {
    let joined: Vec<&str> = literal.split("\\\n").map(str::trim_start).collect();
    let joined = joined.join("");
    let mut text = String::new();
    let mut parts = joined.split('{');
    text.push_str(parts.next().unwrap());
    for part in parts {
        text.push('x');
        text.push_str(part.split_once('}').unwrap().1);
    }
    text
}

#[test]
fn every_fault_is_told_in_chinese() {
    let details = details();
    assert!(details.len() > 90, "{}", details.len());
    // What is put together of several texts, each of which has a pattern of its own.
    let composed = [
        "x: x",
        "measure x of case x x (x)",
        "outcome x of case x needs x",
    ];
    let untold: Vec<&String> = details
        .iter()
        .filter(|detail| !composed.contains(&detail.as_str()))
        .filter(|detail| !fault(detail).chars().any(is_han) || fault(detail) == **detail)
        .collect();
    assert!(untold.is_empty(), "no pattern fits: {untold:#?}");
}

#[tokio::test]
async fn a_fault_is_told_in_the_readers_language() {
    let detail = "`judge` by `li`: allowed are investigator, head";
    assert_eq!(
        fault(detail),
        "`li` 无权办理“研判”,可办理的角色:执法人员、部门负责人"
    );
    let reason = "outcome 不实 needs a `reason`; allowed are 数据错误、实体错配";
    assert_eq!(fault(reason), "结果为不实时须选择原因:数据错误、实体错配");
    let english = LANG.scope(Lang::English, async { fault(reason) });
    assert_eq!(
        english.await,
        "an outcome that is not so needs a reason: data error, wrong entity"
    );
    let until = "until: `soon` is no instant; allowed are a day such as 2025-06-30 (its end) or RFC 3339 such as 2025-06-30T18:00:00+08:00";
    assert!(fault(until).contains("`soon` 不是时间"), "{}", fault(until));
    assert_eq!(fault("something nobody wrote"), "something nobody wrote");
}
