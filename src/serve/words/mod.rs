//! The words of the console in two languages. Code and templates say them in
//! English; [`t`] gives them in the reader's language, from one catalogue.
//!
//! The language is that of the request: its cookie's, Chinese where there is none.
//! It is kept beside the task that answers, so that whatever makes a page says its
//! words alike; nothing but words may hang on it.

mod actions;
mod chinese;
mod faults;
mod named;

pub(crate) use actions::action;
pub(crate) use named::{marked, named};

use super::app::App;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use tocsin_alerts::casework::{Role, Stage};
use tocsin_alerts::level::Level;

/// Name of the cookie.
const COOKIE: &str = "tocsin_lang";
/// How long a browser keeps it: a year, in seconds.
const KEEP_SECONDS: u32 = 31_536_000;

/// A language of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Lang {
    /// The office's.
    #[default]
    Chinese,
    /// For guests.
    English,
}

tokio::task_local! {
    static LANG: Lang;
}

impl Lang {
    /// The reader's; Chinese outside of a request.
    pub(crate) fn now() -> Lang {
        LANG.try_with(|lang| *lang).unwrap_or_default()
    }

    /// As HTML has it.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Lang::Chinese => "zh-CN",
            Lang::English => "en",
        }
    }

    fn of_code(code: &str) -> Option<Lang> {
        match code {
            "zh" => Some(Lang::Chinese),
            "en" => Some(Lang::English),
            _ => None,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Lang::Chinese => "zh",
            Lang::English => "en",
        }
    }
}

/// Words in the reader's language; those that the catalogue lacks stay English.
pub(crate) fn t(english: &str) -> &str {
    static CHINESE: LazyLock<HashMap<&str, &str>> =
        LazyLock::new(|| chinese::WORDS.iter().copied().collect());
    match Lang::now() {
        Lang::English => english,
        Lang::Chinese => CHINESE.get(english).copied().unwrap_or(english),
    }
}

/// Words that other parts of the program say in Chinese, in the reader's language.
pub(crate) fn c(chinese: &str) -> &str {
    static ENGLISH: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
        let words = chinese::WORDS.iter();
        words
            .map(|(english, chinese)| (*chinese, *english))
            .collect()
    });
    match Lang::now() {
        Lang::English => ENGLISH.get(chinese).copied().unwrap_or(chinese),
        Lang::Chinese => chinese,
    }
}

/// Words with `{0}`, `{1}` … in them, filled in.
pub(crate) fn say(english: &str, parts: &[&str]) -> String {
    let places = (0..).map(|place: usize| format!("{{{place}}}"));
    let fill = |text: String, (place, part): (String, &&str)| text.replace(&place, part);
    places.zip(parts).fold(t(english).to_owned(), fill)
}

/// What is wrong, in the reader's language; what no pattern fits stays as it is.
pub(crate) fn fault(detail: &str) -> String {
    told(detail).unwrap_or_else(|| match Lang::now() {
        Lang::Chinese => detail.to_owned(),
        Lang::English => english_words(detail),
    })
}

/// The same by the first pattern that fits; faults may stand in faults.
fn told(detail: &str) -> Option<String> {
    let (of, parts) = faults::FAULTS
        .iter()
        .find_map(|of| Some((of, parts_of(of.pattern, detail)?)))?;
    let words = match (Lang::now(), of.english) {
        (Lang::Chinese, _) => of.chinese,
        (Lang::English, "") => return Some(english_words(detail)),
        (Lang::English, english) => english,
    };
    let places = (0..).map(|place: usize| format!("{{{place}}}"));
    let fill = |text: String, (place, part): (String, &&str)| {
        text.replace(&place, &told(part).unwrap_or_else(|| told_part(part)))
    };
    Some(places.zip(&parts).fold(words.to_owned(), fill))
}

/// What stands at the `{}` of a pattern, if a text is of that kind.
fn parts_of<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut fixed = pattern.split("{}");
    let mut rest = text.strip_prefix(fixed.next()?)?;
    let mut parts = Vec::new();
    let mut fixed = fixed.peekable();
    while let Some(next) = fixed.next() {
        let at = match fixed.peek() {
            // The last fixed piece is at the very end.
            None => rest.strip_suffix(next)?.len(),
            Some(_) => rest.find(next)?,
        };
        parts.push(&rest[..at]);
        rest = &rest[at + next.len()..];
    }
    rest.is_empty().then_some(parts)
}

/// Names that programs use and Chinese words, in the reader's language. `English
/// (中文)` says both.
fn told_part(text: &str) -> String {
    let both = text
        .strip_suffix(')')
        .and_then(|text| text.split_once(" ("));
    if let Some((english, chinese)) = both.filter(|(_, chinese)| chinese.chars().all(is_han)) {
        return either(chinese, english).to_owned();
    }
    match Lang::now() {
        Lang::Chinese => {
            let names: Vec<&str> = text.split(", ").map(chinese_name).collect();
            names.join("、")
        }
        Lang::English => english_words(text),
    }
}

/// What a role, level, stage, action or word of the catalogue is called in Chinese.
fn chinese_name(name: &str) -> &str {
    let role = Role::ALL.into_iter().find(|of| of.name() == name);
    let level = Level::ALL.into_iter().find(|of| of.name() == name);
    let stage = Stage::ALL.into_iter().find(|of| of.name() == name);
    let known = role.map(Role::chinese);
    let known = known
        .or(level.map(Level::chinese))
        .or(stage.map(Stage::chinese));
    known.unwrap_or_else(|| match action(name) {
        same if same == name => t(name),
        words => words,
    })
}

/// The same with what the catalogue knows of its Chinese words in English.
fn english_words(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|of| is_han(of) != is_han(first));
        let (run, after) = rest.split_at(end.unwrap_or(rest.len()));
        words.push_str(c(run));
        rest = after;
    }
    words.replace('、', ", ")
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// One of two words: what is there in both languages already.
pub(crate) fn either<'a>(chinese: &'a str, english: &'a str) -> &'a str {
    match Lang::now() {
        Lang::Chinese => chinese,
        Lang::English => english,
    }
}

/// What templates translate with.
pub(crate) mod filters {
    use askama::Values;
    use askama::filters::Safe;

    /// The filter that templates write behind their words.
    pub(crate) fn t(english: impl AsRef<str>, _: &dyn Values) -> askama::Result<String> {
        Ok(super::t(english.as_ref()).to_owned())
    }

    /// The filter behind what is wrong.
    pub(crate) fn fault(detail: impl AsRef<str>, _: &dyn Values) -> askama::Result<String> {
        Ok(super::fault(detail.as_ref()))
    }

    /// The filter behind a declared title, as markup.
    pub(crate) fn titled(title: impl AsRef<str>, _: &dyn Values) -> askama::Result<Safe<String>> {
        Ok(Safe(super::marked(&super::named(title.as_ref()))))
    }

    /// The same where no markup may stand.
    pub(crate) fn named(title: impl AsRef<str>, _: &dyn Values) -> askama::Result<String> {
        Ok(super::named(title.as_ref()))
    }

    /// The filter behind text that may be Chinese whatever the page is.
    pub(crate) fn zh(said: impl AsRef<str>, _: &dyn Values) -> askama::Result<Safe<String>> {
        Ok(Safe(super::marked(said.as_ref())))
    }
}

/// Answers in the reader's language. `?lang=en` on a page sets the cookie and leads
/// to the same page without it.
pub(super) async fn speak(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_page = !request.uri().path().starts_with("/api/");
    if let Some((lang, rest)) = chosen(request.uri()).filter(|_| is_page)
        && request.method() == Method::GET
    {
        let cookie = format!(
            "{COOKIE}={}; Path=/; SameSite=Lax; Max-Age={KEEP_SECONDS}",
            lang.code()
        );
        return ([(header::SET_COOKIE, cookie)], Redirect::to(&rest)).into_response();
    }
    let lang = kept(request.headers()).unwrap_or_default();
    let names = Arc::clone(&app.view.settings().names);
    let answer = named::NAMES.scope(names, next.run(request));
    let mut response = LANG.scope(lang, answer).await;
    if is_page {
        let tag = HeaderValue::from_static(lang.tag());
        response.headers_mut().insert(header::CONTENT_LANGUAGE, tag);
    }
    response
}

/// The language that a query asks for, and the same address without it.
fn chosen(uri: &Uri) -> Option<(Lang, String)> {
    let mut lang = None;
    let others = uri.query()?.split('&').filter(|pair| {
        let found = pair.strip_prefix("lang=").and_then(Lang::of_code);
        lang = found.or(lang);
        found.is_none()
    });
    let others = others.collect::<Vec<_>>().join("&");
    // A path that begins with two slashes would lead to another host.
    let path = format!("/{}", uri.path().trim_start_matches('/'));
    let rest = match others.as_str() {
        "" => path,
        query => format!("{path}?{query}"),
    };
    Some((lang?, rest))
}

fn kept(headers: &HeaderMap) -> Option<Lang> {
    let lines = headers.get_all(header::COOKIE).iter();
    let lines = lines.filter_map(|value| value.to_str().ok());
    let mut pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, code) = pairs.find(|(name, _)| *name == COOKIE)?;
    Lang::of_code(code)
}

#[cfg(test)]
mod tests;
