//! A document of headings, texts, tables and plots, written once and given as
//! Markdown and as one HTML file that fetches nothing.

use crate::serve::text::escape;
use std::fmt::Write;

/// A part of a document.
pub enum Block {
    /// A heading and how deep it is, from 1.
    Heading(u8, String),
    /// A paragraph.
    Text(String),
    /// Lines of a list.
    List(Vec<String>),
    /// Column heads and rows.
    Table(Vec<String>, Vec<Vec<String>>),
    /// A picture in SVG and what it shows.
    Plot(String, String),
    /// Where a person must write something.
    Blank(String),
}

/// What all plots look like, and the pages.
const STYLE: &str = "body{font:15px/1.55 system-ui,'Noto Sans CJK SC',sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2430}\
table{border-collapse:collapse;margin:.6rem 0;font-size:.92em}td,th{border:1px solid #cfd6df;padding:.2rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}th{background:#f2f5f8}\
h1,h2,h3{line-height:1.25}figure{margin:1rem 0}figcaption{font-size:.9em;color:#4c5665}.blank{border:2px dashed #b25d00;background:#fff7ec;padding:.4rem .7rem}";

/// The document as Markdown.
pub fn markdown(blocks: &[Block]) -> String {
    let mut text = String::new();
    for block in blocks {
        // Writing to a String cannot fail.
        let _ = match block {
            Block::Heading(depth, title) => {
                writeln!(text, "{} {title}\n", "#".repeat(usize::from(*depth)))
            }
            Block::Text(said) => writeln!(text, "{said}\n"),
            Block::List(lines) => {
                lines
                    .iter()
                    .for_each(|line| text.push_str(&format!("- {line}\n")));
                writeln!(text)
            }
            Block::Table(head, rows) => {
                table(&mut text, head, rows);
                writeln!(text)
            }
            Block::Plot(svg, caption) => writeln!(text, "{svg}\n\n*{caption}*\n"),
            Block::Blank(what) => writeln!(
                text,
                "> **[须人工填写 to be written by a person]** {what}\n"
            ),
        };
    }
    text
}

fn table(text: &mut String, head: &[String], rows: &[Vec<String>]) {
    let mut line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    };
    line(head);
    line(&vec!["---".to_owned(); head.len()]);
    rows.iter().for_each(|row| line(row));
}

/// The document as one HTML file.
pub fn html(title: &str, blocks: &[Block]) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        escape(title)
    );
    for block in blocks {
        let _ = match block {
            Block::Heading(depth, title) => {
                writeln!(page, "<h{depth}>{}</h{depth}>", escape(title))
            }
            Block::Text(said) => writeln!(page, "<p>{}</p>", escape(said)),
            Block::List(lines) => {
                let lines = lines
                    .iter()
                    .map(|line| format!("<li>{}</li>", escape(line)));
                writeln!(page, "<ul>{}</ul>", lines.collect::<String>())
            }
            Block::Table(head, rows) => {
                let cells = |tag: &str, cells: &[String]| {
                    let cells = cells
                        .iter()
                        .map(|cell| format!("<{tag}>{}</{tag}>", escape(cell)));
                    format!("<tr>{}</tr>", cells.collect::<String>())
                };
                let rows = rows.iter().map(|row| cells("td", row) + "\n");
                let rows = rows.collect::<String>();
                writeln!(
                    page,
                    "<table><thead>{}</thead><tbody>\n{rows}</tbody></table>",
                    cells("th", head)
                )
            }
            Block::Plot(svg, caption) => writeln!(
                page,
                "<figure>{svg}<figcaption>{}</figcaption></figure>",
                escape(caption)
            ),
            Block::Blank(what) => writeln!(
                page,
                "<p class=\"blank\"><b>[须人工填写 to be written by a person]</b> {}</p>",
                escape(what)
            ),
        };
    }
    page + "</body>\n</html>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_its_place() {
        let blocks = [
            Block::Heading(1, "a <b>".to_owned()),
            Block::Table(vec!["x".to_owned()], vec![vec!["<script>|".to_owned()]]),
            Block::Blank("why".to_owned()),
        ];
        let page = html("<t>", &blocks);
        assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"));
        assert!(markdown(&blocks).contains("| <script>\\| |"));
    }
}
