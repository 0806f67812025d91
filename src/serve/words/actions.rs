//! What the actions of a case are called.

use super::either;

/// By their names in JSON: in Chinese and in English.
const WORDS: [(&str, &str, &str); 22] = [
    ("open", "立件", "opened"),
    ("escalate", "等级上升", "the alert rose"),
    ("acknowledge", "签收", "acknowledge"),
    ("assign", "分办", "assign to a district and investigators"),
    ("check", "记录核查情况", "sign what was found"),
    ("ask", "请其他单位补充数据", "ask another agency"),
    ("answered", "收到补充数据", "it answered"),
    ("judge", "研判", "conclude"),
    ("propose", "提出处置措施", "propose a measure"),
    ("approve", "批准措施", "approve a measure"),
    ("refuse", "不予批准", "refuse a measure"),
    ("carry", "措施已执行", "a measure was carried out"),
    ("label", "反馈办理结果", "outcome"),
    ("correct", "更正办理结果", "correct the outcome"),
    ("archive", "归档", "archive"),
    ("merge", "并案", "merge into another case"),
    ("hand-over", "移交外地", "hand over to elsewhere"),
    ("suspend", "暂缓", "suspend"),
    ("resume", "恢复办理", "resume"),
    ("appeal", "记录复议或诉讼", "note an appeal"),
    ("appeal-decided", "复议或诉讼已决", "the appeal is decided"),
    ("retract", "撤回", "retract"),
];

/// What an action is called in the reader's language; its name, where it is none.
pub(crate) fn action(name: &str) -> &str {
    let known = WORDS.iter().find(|(known, ..)| *known == name);
    known.map_or(name, |(_, chinese, english)| either(chinese, english))
}
