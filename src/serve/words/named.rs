//! What the configuration declares, in the reader's language. Its titles are Chinese;
//! in English they are called what it says beside them, and what it leaves in Chinese
//! is marked so, for those who hear the page.

use super::{Lang, is_han};
use crate::config::Names;
use crate::serve::text;
use std::sync::Arc;

tokio::task_local! {
    /// The names of the rules in force as the request came.
    pub(super) static NAMES: Arc<Names>;
}

/// What a title is called; the title itself where nothing else is declared.
pub(crate) fn named(title: &str) -> String {
    let english = || NAMES.try_with(|names| names.english(title)).ok().flatten();
    match Lang::now() {
        Lang::Chinese => title.to_owned(),
        Lang::English => english().unwrap_or_else(|| title.to_owned()),
    }
}

/// A text as markup: in an English page each stretch of Chinese is marked as such.
pub(crate) fn marked(said: &str) -> String {
    if Lang::now() == Lang::Chinese {
        return text::escape(said);
    }
    let mut html = String::with_capacity(said.len());
    let mut rest = said;
    while let Some(start) = rest.find(is_han) {
        let (before, from) = rest.split_at(start);
        // What stands between Chinese words belongs to them, up to the last of them
        // before the next Latin letter.
        let stop = from.find(|c: char| c.is_ascii_alphabetic());
        let reach = &from[..stop.unwrap_or(from.len())];
        let last = reach.char_indices().rev().find(|(_, c)| is_han(*c));
        let end = last.map_or(reach.len(), |(at, c)| at + c.len_utf8());
        html.push_str(&text::escape(before));
        html.push_str("<span lang=\"zh-CN\">");
        html.push_str(&text::escape(&from[..end]));
        html.push_str("</span>");
        rest = &from[end..];
    }
    html.push_str(&text::escape(rest));
    html
}

#[cfg(test)]
mod tests {
    use super::super::LANG;
    use super::*;

    #[test]
    fn what_has_no_english_name_is_marked() {
        let mut names = Names::default();
        names.add("投诉次数", Some("complaints & more")).unwrap();
        let said = || {
            let title = |of: &str| marked(&named(of));
            [title("投诉次数"), title("<举报> 12345转办, a 次")]
        };
        let names = Arc::new(names);
        let in_english =
            LANG.sync_scope(Lang::English, || NAMES.sync_scope(Arc::clone(&names), said));
        assert_eq!(in_english[0], "complaints &amp; more");
        assert_eq!(
            in_english[1],
            "&lt;<span lang=\"zh-CN\">举报&gt; 12345转办</span>, a <span lang=\"zh-CN\">次</span>"
        );
        let in_chinese = NAMES.sync_scope(names, said);
        assert_eq!(in_chinese[0], "投诉次数");
        assert_eq!(in_chinese[1], "&lt;举报&gt; 12345转办, a 次");
    }
}
