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
