//! What is wrong, as people read it: the details of problems are written for programs
//! and people alike, in English; these are the same in the words of the office. The
//! first pattern that fits counts.

/// One kind of fault.
pub(super) struct Fault {
    /// As the detail has it, `{}` where something stands in.
    pub(super) pattern: &'static str,
    pub(super) chinese: &'static str,
    /// On pages in English; empty: as the detail has it.
    pub(super) english: &'static str,
}

const fn fault(pattern: &'static str, chinese: &'static str, english: &'static str) -> Fault {
    Fault {
        pattern,
        chinese,
        english,
    }
}

/// Every kind.
pub(super) const FAULTS: &[Fault] = &[
    fault("path `{}` does not exist", "没有路径 `{0}`", ""),
    fault(
        "method `{}` is not allowed at `{}`",
        "`{1}` 不支持方法 `{0}`",
        "",
    ),
    fault(
        "a form is sent as `application/x-www-form-urlencoded`, as the pages here do",
        "表单须以 `application/x-www-form-urlencoded` 提交,即由本系统页面提交",
        "",
    ),
    fault("the form is not whole: {}", "表单不完整:{0}", ""),
    fault(
        "the casework store cannot be reached now",
        "办件数据库暂时无法访问",
        "",
    ),
    fault("the form is too large", "表单过大", ""),
    fault("missing field `{}`", "缺少字段 `{0}`", ""),
    fault("there is no asset `{}`", "没有文件 `{0}`", ""),
    fault(
        "there is no casework here: the configuration has no `[casework] store`",
        "本系统未启用办件:配置中没有 `[casework] store`",
        "",
    ),
    fault(
        "case {} may not go: it is {}",
        "办件 {0} 不得销毁:状态为 {1}",
        "",
    ),
    fault(
        "what is said of case {} is not what it was",
        "办件 {0} 的记录与原先不符",
        "",
    ),
    fault("the server is stopping", "服务正在停止", ""),
    fault(
        "another such question is being answered",
        "正在处理另一个同类请求",
        "",
    ),
    fault(
        "{} live streams are open: none is left",
        "实时连接已达 {0} 个,无空余",
        "",
    ),
    fault(
        "enterprise `{}` is unknown: allowed are a credit code, an old number, an identifier, or a name that means only one",
        "没有企业 `{0}`:请输入统一社会信用代码、原注册号、标识,或唯一对应的名称",
        "",
    ),
    fault(
        "this enterprise had no score then",
        "该企业当时尚无评分",
        "",
    ),
    fault(
        "no model is in force yet: nothing is scored",
        "尚无在用模型,未评分",
        "",
    ),
    fault(
        "no registering source names this enterprise: it is not scored",
        "登记来源中没有该企业,不予评分",
        "",
    ),
    fault(
        "source `{}` is not declared; /api/v1/sources lists all",
        "没有数据源 `{0}`;全部见“数据源”页",
        "source `{0}` is not declared; the page “Sources” lists all",
    ),
    fault(
        "what was there at the start is still being taken in",
        "启动前的数据仍在载入",
        "",
    ),
    fault(
        "too many requests: try again in {} seconds",
        "请求过多,请 {0} 秒后再试",
        "",
    ),
    fault(
        "this has figures of sources above your clearance in it; `…/explanation` shows what you may see",
        "其中含超出您密级的来源的数据;企业页显示您可查看的部分",
        "this has figures of sources above your clearance in it; an enterprise's page shows what you may see",
    ),
    fault(
        "this is of the whole city, and you see some districts",
        "此页涉及全市,您仅可查看部分辖区",
        "",
    ),
    fault(
        "sign in with `POST /api/v1/session`, or send a token: `Authorization: Bearer …`",
        "登录后方可查看",
        "this is for people who have signed in",
    ),
    fault("allowed are {}", "可执行的角色:{0}", ""),
    fault(
        "the token of the session is missing or wrong: send `csrf` of `GET /api/v1/me` as header `X-CSRF-Token` or form field `csrf`",
        "页面已过期或不属于本次登录:请重新载入页面后再提交",
        "the page is of another session: load it again, then send the form",
    ),
    fault("allowed are {} bytes a form", "表单最多 {0} 字节", ""),
    fault(
        "the request failed inside; the log of the process says why",
        "系统内部出错,原因见系统日志",
        "",
    ),
    fault(
        "limit `{}`: allowed are 1 to {}",
        "limit `{0}`:允许 1 至 {1}",
        "",
    ),
    fault("{} `{}`: allowed are yes, no", "{0} `{1}`:允许 yes、no", ""),
    fault(
        "suppressed `{}`: allowed are no, only",
        "suppressed `{0}`:允许 no、only",
        "",
    ),
    fault(
        "nobody has signed in: `POST /api/v1/session`",
        "尚未登录",
        "nobody has signed in",
    ),
    fault(
        "this is of {}, which is no district of yours",
        "属于 {0},不在您的辖区",
        "",
    ),
    fault(
        "the header `Idempotency-Key` is missing: choose an id; the same twice is one action",
        "缺少请求头 `Idempotency-Key`",
        "",
    ),
    fault(
        "header `{}`: allowed are {} bytes of UTF-8, or per cent escapes of it",
        "请求头 `{0}`:允许 {1} 字节 UTF-8",
        "",
    ),
    fault("stage `{}`: allowed are {}", "阶段 `{0}`:允许 {1}", ""),
    fault("`{}` is no district of yours", "`{0}` 不在您的辖区", ""),
    fault("there is no case `{}`", "没有办件 `{0}`", ""),
    fault(
        "case {} is in no district of yours",
        "办件 {0} 不在您的辖区",
        "",
    ),
    fault("alert `{}` does not exist", "没有预警 `{0}`", ""),
    fault(
        "the idempotency key `{}` was used for another action: choose a new one",
        "此表单已用于另一操作:请重新载入页面后再办理",
        "this form was used for another action already: load the page again",
    ),
    fault(
        "a case is opened with `POST /api/v1/cases`",
        "立件请用企业页的“立件”",
        "a case is opened on an enterprise's page",
    ),
    fault(
        "the header `If-Match` is missing: send the ETag that the case came with",
        "缺少请求头 `If-Match`",
        "",
    ),
    fault(
        "if-match `{}`: allowed is a case's ETag",
        "请求头 if-match `{0}`:允许办件的 ETag",
        "",
    ),
    fault(
        "the pipeline takes no more requests now",
        "系统正忙,暂不接收请求",
        "",
    ),
    fault(
        "offset `{}`: allowed are 0 to {}",
        "offset `{0}`:允许 0 至 {1}",
        "",
    ),
    fault(
        "why `{}`: allowed are unknown, ambiguous",
        "why `{0}`:允许 unknown、ambiguous",
        "",
    ),
    fault(
        "no queue was drawn here today: `POST /api/v1/queue` draws it",
        "今日尚未生成队列",
        "no queue was drawn here today",
    ),
    fault(
        "capacity `{}`: allowed are 1 to {}",
        "可核查户数 `{0}`:允许 1 至 {1}",
        "",
    ),
    fault(
        "a queue goes by scores that have figures of sources above your clearance in them",
        "队列按评分排序,评分含超出您密级的来源",
        "",
    ),
    fault(
        "{} is no district of yours: say `district`",
        "{0} 不在您的辖区:请选择辖区",
        "{0} is no district of yours: choose one of yours",
    ),
    fault(
        "order `{}`: allowed are newest, ranked",
        "order `{0}`:允许 newest、ranked",
        "",
    ),
    fault(
        "the order `ranked` tells of figures above your clearance: `newest` is allowed",
        "按评分排序会透露超出您密级的数据:仅可按时间排序",
        "",
    ),
    fault(
        "no record that you may see speaks of `{}` here: send a mark as it is shown, such as `account 1f3a9c02`",
        "您可查看的记录中没有 `{0}`:请填写页面所示标记,如 `account 1f3a9c02`",
        "",
    ),
    fault(
        "source `{}` has no refused record {}",
        "来源 `{0}` 没有被拒收的记录 {1}",
        "",
    ),
    fault(
        "this was shown once under this key: ask again, with another key, and say why",
        "已显示过一次:请重新载入页面,说明理由后再查看",
        "this was shown once already: load the page again and say why",
    ),
    fault(
        "enterprise `{}` belongs to no group",
        "企业 `{0}` 不属于任何关联群",
        "",
    ),
    fault(
        "after `{}`: allowed is what a page gave as `next`",
        "after `{0}`:允许上一页给出的位置",
        "",
    ),
    fault("there is no account `{}`", "没有账号 `{0}`", ""),
    fault(
        "an account keeps its name, `{}`",
        "账号名不可更改:`{0}`",
        "",
    ),
    fault(
        "`{}` has no token or session `{}`",
        "`{0}` 没有令牌或会话 `{1}`",
        "",
    ),
    fault(
        "the body is empty: CSV with a header is allowed",
        "内容为空:允许带表头的 CSV",
        "",
    ),
    fault(
        "the pipeline takes no more records now",
        "系统正忙,暂不接收记录",
        "",
    ),
    fault(
        "content type `{}`: allowed is text/csv, with a header line",
        "内容类型 `{0}`:允许带表头的 text/csv",
        "",
    ),
    fault(
        "allowed are {} bytes a push: send it in parts",
        "每次最多 {0} 字节:请分批报送",
        "",
    ),
    fault(
        "name or password is wrong, or the account is closed",
        "账号或密码不正确,或账号已停用",
        "",
    ),
    fault("try again in {} seconds", "请 {0} 秒后再试", ""),
    fault("the old password is wrong", "原密码不正确", ""),
    fault(
        "days `{}`: allowed are 1 to {}",
        "天数 `{0}`:允许 1 至 {1}",
        "",
    ),
    fault(
        "there is no token or session `{}` of yours",
        "您没有令牌或会话 `{0}`",
        "",
    ),
    fault(
        "the configuration names no registry",
        "配置中没有模型注册库",
        "",
    ),
    fault(
        "do `{}`: allowed are password, token, revoke",
        "操作 `{0}`:允许 password、token、revoke",
        "",
    ),
    fault(
        "field `version` is missing",
        "缺少字段 `version`:请重新载入页面",
        "",
    ),
    fault(
        "field `key` is missing",
        "缺少字段 `key`:请重新载入页面",
        "",
    ),
    fault(
        "{} `{}`: allowed is a whole number",
        "{0} `{1}`:允许整数",
        "",
    ),
    fault(
        "do `{}`: allowed are open, suppress",
        "操作 `{0}`:允许 open、suppress",
        "",
    ),
    fault("do `{}`: allowed is lift", "操作 `{0}`:允许 lift", ""),
    fault(
        "do `{}`: allowed are change, disable, unlock, revoke",
        "操作 `{0}`:允许 change、disable、unlock、revoke",
        "",
    ),
    fault(
        "clearance `{}`: allowed are 1 to 4",
        "密级 `{0}`:允许 1 至 4",
        "",
    ),
    fault("a removed line does nothing", "已移除的日志行不起作用", ""),
    fault("there is no open account `{}`", "没有在用账号 `{0}`", ""),
    fault(
        "`{}` by `{}`: allowed are {}",
        "`{1}` 无权办理“{0}”,可办理的角色:{2}",
        "",
    ),
    fault(
        "{} is not in a district of `{}`",
        "{0} 不在 `{1}` 的辖区",
        "",
    ),
    fault("no case is opened", "没有立件", ""),
    fault(
        "alert {} has the open case {}",
        "预警 {0} 已有在办件 {1}",
        "",
    ),
    fault("there is a case {} already", "已有办件 {0}", ""),
    fault("there is an account `{}` already", "已有账号 `{0}`", ""),
    fault(
        "the account `{}` cannot become `{}`",
        "账号 `{0}` 不能改为 `{1}`",
        "",
    ),
    fault("nobody signs in twice", "不能重复登录", ""),
    fault(
        "passwords and tokens of `{}` are made by `{}`, or at the machine",
        "`{0}` 的密码与令牌由其本人或在服务器上设置",
        "",
    ),
    fault(
        "`{}` cannot be done with the account `{}` by `{}`",
        "`{2}` 不能对账号 `{1}` 执行“{0}”",
        "",
    ),
    fault(
        "`until_ms` {}: allowed is an instant within the next {} days",
        "截止日:允许今后 {1} 日内的日期",
        "the day: allowed is one within the next {1} days",
    ),
    fault(
        "alert {} is suppressed already: lift that first",
        "预警 {0} 已暂不显示:请先恢复显示",
        "",
    ),
    fault("alert {} is not suppressed", "预警 {0} 未设置暂不显示", ""),
    fault(
        "what `{}` has seen is said by `{}`",
        "已阅只能由 `{0}` 本人标记",
        "",
    ),
    fault(
        "`seen` needs `events`, `deeds` or both",
        "已阅须指明 `events` 或 `deeds`",
        "",
    ),
    fault("`{}` has not the role `{}`", "`{0}` 没有角色 `{1}`", ""),
    fault(
        "lines of the log are removed at the machine alone",
        "日志仅可在服务器上移除",
        "",
    ),
    fault(
        "`before_ms` {}: {} are kept for at least {} days ({})",
        "`before_ms` {0}:{1}至少保存 {2} 日({3})",
        "",
    ),
    fault(
        "`places.{}` is missing: it decides whose case this is ({})",
        "请填写{0}:管辖由此确定({1})",
        "`{0}` is missing: it decides whose case this is ({1})",
    ),
    fault(
        "case {} is not in a district of `{}`",
        "办件 {0} 不在 `{1}` 的辖区",
        "",
    ),
    fault(
        "`{}` is no investigator of case {}",
        "`{0}` 不是办件 {1} 的执法人员",
        "",
    ),
    fault("case {} is open already", "办件 {0} 已在办", ""),
    fault(
        "`{}` needs a person who has signed in",
        "“{0}”须由已登录的人员办理",
        "",
    ),
    fault(
        "`{}` cannot be done with case {}, which is {}",
        "办件 {1} 目前为“{2}”,不能办理“{0}”",
        "",
    ),
    fault(
        "`{}` needs a `text` that says why or what",
        "“{0}”须填写说明",
        "“{0}” needs words that say why or what",
    ),
    fault(
        "the `text` of `{}` has {} characters; allowed are {}",
        "“{0}”的说明有 {1} 字,最多 {2} 字",
        "the words of “{0}” have {1} characters; allowed are {2}",
    ),
    fault(
        "outcome 不实 needs a `reason`; allowed are {}",
        "结果为不实时须选择原因:{0}",
        "an outcome that is not so needs a reason: {0}",
    ),
    fault(
        "outcome {} takes no `reason`: only 不实 does",
        "结果“{0}”不填原因,仅“不实”须填",
        "the outcome “{0}” takes no reason: only one that is not so does",
    ),
    fault("it is open", "已在办", ""),
    fault(
        "`until_ms` is not in the future",
        "截止日须晚于今日",
        "the day is not in the future",
    ),
    fault("case {} is {} already", "办件 {0} 已为{1}", ""),
    fault(
        "`investigators`: there is no open account `{}`",
        "执法人员:没有在用账号 `{0}`",
        "",
    ),
    fault(
        "`investigators`: `{}` has not the role investigator",
        "执法人员:`{0}` 没有执法人员角色",
        "",
    ),
    fault(
        "`investigators`: `{}` has none of the case's districts",
        "执法人员:`{0}` 的辖区与办件无关",
        "",
    ),
    fault(
        "`investigators` names {} different persons; at least {} have to investigate (国务院令第737号 第二十一条)",
        "已选 {0} 名执法人员,调查须至少 {1} 名(国务院令第737号 第二十一条)",
        "{0} investigators are named; at least {1} have to investigate (国务院令第737号 第二十一条)",
    ),
    fault(
        "case {} has findings of {} different persons; it is judged on those of at least {} (国务院令第737号 第二十一条)",
        "办件 {0} 仅有 {1} 人的核查情况,研判须至少 {2} 人(国务院令第737号 第二十一条)",
        "",
    ),
    fault(
        "case {} was judged unfounded: no measure is called for",
        "办件 {0} 研判为不属实,无须处置措施",
        "",
    ),
    fault(
        "case {} is not judged yet: nothing can be found",
        "办件 {0} 尚未研判,不能认定",
        "",
    ),
    fault(
        "case {} has no measure {}; it has {}",
        "办件 {0} 没有措施 {1},共 {2} 项",
        "",
    ),
    fault(
        "measure {} of case {} waits for no decision: it was decided already",
        "办件 {1} 的措施 {0} 已经审批",
        "",
    ),
    fault(
        "measure {} of case {} waits for no decision: {}",
        "办件 {1} 的措施 {0} 无须审批,可直接执行",
        "",
    ),
    fault(
        "measure {} of case {} was carried out already ({})",
        "办件 {1} 的措施 {0} 已执行({2})",
        "",
    ),
    fault(
        "measure {} of case {} was refused ({})",
        "办件 {1} 的措施 {0} 未获批准({2})",
        "",
    ),
    fault(
        "measure {} of case {} needs the head's approval first ({})",
        "办件 {1} 的措施 {0} 须先经负责人批准({2})",
        "",
    ),
    fault(
        "measure {} of case {} waits for the head's decision",
        "办件 {1} 的措施 {0} 待负责人批准",
        "",
    ),
    fault(
        "outcome {} of case {} needs a finding that the head approved and that was carried out (国务院令第737号 第三十条)",
        "结果“{0}”须先有经负责人批准并已执行的认定(国务院令第737号 第三十条)",
        "",
    ),
    fault(
        "outcome {} of case {} needs a transfer that the head approved and that was carried out",
        "结果“{0}”须先有经负责人批准并已执行的移送",
        "",
    ),
    fault(
        "outcome {} of case {} needs a talk or an order to rectify that was carried out",
        "结果“{0}”须先有已执行的约谈或责令整改",
        "",
    ),
    fault(
        "outcome {} of case {} needs a judgement that it is unfounded",
        "结果“{0}”须先研判为不属实",
        "",
    ),
    fault(
        "case {} has that outcome already",
        "办件 {0} 已是该结果",
        "",
    ),
    fault("case {} is no other open case", "{0} 不是另一在办件", ""),
    fault("`{}` is empty", "请填写 `{0}`", ""),
    fault(
        "`{}` is no account's name; allowed are 1 to {} of a-z, A-Z, 0-9, `.`, `_`, `-`",
        "`{0}` 不能作账号名:允许 1 至 {1} 个 a-z、A-Z、0-9、`.`、`_`、`-`",
        "",
    ),
    fault("no role is given; allowed are {}", "未选角色:允许 {0}", ""),
    fault(
        "administrator and auditor go with no other role: who keeps or audits the accounts does not work with them",
        "系统管理员与审计员不得兼任其他角色",
        "",
    ),
    fault(
        "clearance {}; allowed are 1 to {}",
        "密级 {0}:允许 1 至 {1}",
        "",
    ),
    fault(
        "`{}` is no person's name; allowed are 1 to {} characters",
        "`{0}` 不能作姓名:允许 1 至 {1} 个字符",
        "",
    ),
    fault(
        "measure {} cannot be decided by `{}`, who {}: a second person has to (four eyes)",
        "措施 {0} 不能由 `{1}` 批准:须由另一人决定",
        "",
    ),
    fault(
        "`{}` is no instant; allowed are a day such as 2025-06-30 (its end) or RFC 3339 such as 2025-06-30T18:00:00+08:00",
        "`{0}` 不是时间:允许日期(如 2025-06-30)或 RFC 3339 时刻",
        "",
    ),
    fault(
        "case `{}` is at version {}, not {}: read it again",
        "办件 `{0}` 已有新版本({1},所见为 {2}):请核对最新情况后再办理",
        "case `{0}` was changed meanwhile (version {1}, you saw {2}): look at what changed, then send it again",
    ),
    fault(
        "cursor `{}` is not one of this list's: allowed is what a page gave as `next`",
        "位置 `{0}` 不属于本列表",
        "",
    ),
    fault("at {} there was no epoch yet", "{0} 时尚无批次", ""),
    fault(
        "several versions begin with `{}`",
        "有多个版本以 `{0}` 开头",
        "",
    ),
    fault(
        "no version `{}` in the registry; `tocsin model list` shows all",
        "注册库中没有版本 `{0}`;`tocsin model list` 列出全部",
        "",
    ),
    fault(
        "a subject of this enterprise is shared by so many that not all of its records were followed (limits: {} subjects, {} records each); the figures here leave out the others, the published score has them all",
        "该企业的某一主体关联过多,未逐一追踪其记录(上限:{0} 个主体,各 {1} 条记录);此处数字不含其余记录,已发布评分含全部",
        "",
    ),
    fault(
        "district `{}`: known are {}",
        "没有辖区 `{0}`:已知辖区为 {1}",
        "",
    ),
    fault(
        "no enterprise lies in `{}`; known are {}",
        "`{0}` 没有企业;已知辖区为 {1}",
        "",
    ),
    fault("no file matches `{}`", "没有与 `{0}` 相符的文件", ""),
    fault(
        "the file is empty, allowed: at least a line with the names of the columns",
        "文件为空:至少须有列名一行",
        "",
    ),
    fault(
        "the header is not `{}`: bad byte at {}",
        "表头不是 `{0}` 编码:第 {1} 字节有误",
        "",
    ),
    fault(
        "column `{}` is in the header twice (columns {} and {})",
        "列 `{0}` 在表头出现两次(第 {1}、{2} 列)",
        "",
    ),
    fault(
        "a quote in the header (line {}) is not closed in the same line",
        "表头(第 {0} 行)的引号未在同一行结束",
        "",
    ),
    fault("{} fields, expected {}", "有 {0} 个字段,应为 {1} 个", ""),
    fault(
        "a quote opened in this line is not closed at the end of a field",
        "本行的引号未在字段末结束",
        "",
    ),
    fault("longer than {} bytes", "超过 {0} 字节", ""),
    fault(
        "byte {} of the file is not `{}`",
        "文件第 {0} 字节不是 `{1}` 编码",
        "",
    ),
    fault("byte {} of the file is zero", "文件第 {0} 字节为零", ""),
    fault("no value", "缺少值", ""),
    fault(
        "character `{}` at position {}, allowed: {}",
        "第 {1} 位字符 `{0}` 不符,允许:{2}",
        "",
    ),
    fault(
        "check character `{}`, expected `{}`",
        "校验码为 `{0}`,应为 `{1}`",
        "",
    ),
    fault("{} characters, allowed: {}", "有 {0} 个字符,允许:{1}", ""),
    fault("not understood, allowed: {}", "无法识别,允许:{0}", ""),
    fault(
        "thousands separators must part groups of three digits",
        "千分位须每三位分隔",
        "",
    ),
    fault(
        "unknown unit or currency, or two of them",
        "单位或币种不明,或有两个",
        "",
    ),
    fault("out of range, allowed: {}", "超出范围,允许:{0}", ""),
    fault(
        "no such day or time in the calendar",
        "日历中没有该日期或时间",
        "",
    ),
    fault(
        "relative date, allowed: a day such as 2019-01-31",
        "相对日期,允许具体日期,如 2019-01-31",
        "",
    ),
    fault("index {}, has {}", "指数须达 {0},现为 {1}", ""),
    fault("categories {}, has {}", "类别须达 {0} 个,现为 {1} 个", ""),
    fault("agencies {}, has {}", "单位须达 {0} 个,现为 {1} 个", ""),
    fault("one category of {}", "须有 {0} 中的一个类别", ""),
    fault("coverage {}, has {}", "覆盖率须达 {0},现为 {1}", ""),
    fault("`{}` is no {}", "`{0}` 不是有效的 {1}", ""),
    fault("{} `{}`: allowed are {}", "{0} `{1}`:允许 {2}", ""),
    fault("{}: {}", "{0}:{1}", ""),
];
