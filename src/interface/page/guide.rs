//! Addresses, requests, responses, the actions that write, and resending.

use super::html::{Html, code, words};
use crate::interface::bilingual::both;
use crate::interface::contract::{DATALIST, Member, REQUEST, RESPONSE, inter_flag};
use crate::interface::{Interface, example};
use serde_json::json;

/// §6.3.
pub(super) fn addresses(html: &mut Html, interface: &Interface) {
    html.section("address", both("地址（§6.3）", "Addresses (§6.3)"));
    let flags = interface.names().map(|(name, flag)| {
        let actions = flag.actions().iter().map(|action| code(action.code())).collect::<Vec<_>>().join(" ");
        ["POST".to_owned(), code(&format!("/{}/{name}", interface.service())), words(inter_flag(flag)), actions]
    });
    let own = both(
        "本接口的 OpenAPI 3.1 文档：唯一不是信封的响应",
        "OpenAPI 3.1 of this interface: the one answer that is no envelope",
    );
    let own = ["GET".to_owned(), code(&format!("/{}/openapi.json", interface.service())), words(own), String::new()];
    html.table(
        "wide",
        [both("方法", "Method"), both("路径", "Path"), both("用途", "For"), both("动作", "Actions")],
        flags.chain([own]).map(|[method, path, purpose, actions]| {
            [format!("<span class=\"method {method}\">{method}</span>"), path, purpose, actions]
        }),
    );
    html.list(
        false,
        &[
            both(
                "前面是 `http(s)://<host>:<port>`，由接口提供方告知。路径末尾没有 `/`，区分大小写，URL 中的查询参数不起作用。",
                "`http(s)://<host>:<port>` stands before it, as the operator says. No trailing slash, case counts, query \
                 parameters of the URL are ignored.",
            ),
            both(
                "HTTP/1.1，可用长连接。请给出 `Content-Length`；没有的，请求体上限为 4 MiB。不接收 `Content-Encoding`。\
                 `Content-Type` 写了 charset 的须为 UTF-8。",
                "HTTP/1.1 with keep-alive. Give `Content-Length`; without it a body may have 4 MiB. `Content-Encoding` is refused, \
                 and so is a charset other than UTF-8 in `Content-Type`.",
            ),
            both(
                "`openapi.json` 带 `ETag`，用 `If-None-Match` 再取时没有变化的返回 304；不需要应用账号，不计入接口日志。",
                "`openapi.json` has an `ETag`: asked again with `If-None-Match`, an unchanged one is answered with 304. It needs no \
                 account and is not in the interface log.",
            ),
        ],
    );
    html.end();
}

fn members(html: &mut Html, members: &[Member]) {
    let rows = members.iter().map(|member| [code(member.name), words(member.types), words(member.meaning)]);
    html.table("members", [both("名称", "Name"), both("类型", "Type"), both("说明", "Meaning")], rows);
}

/// Table 1.
pub(super) fn requests(html: &mut Html) {
    html.section("request", both("请求（§6.2.2）", "Request (§6.2.2)"));
    html.paragraph(both(
        "一个 JSON 对象，UTF-8 编码。六个参数都必填，键名区分大小写，顺序不限；其他键忽略，重复的键拒绝。",
        "One JSON object in UTF-8. All six members are required, in any order; names are case-sensitive. Other members are ignored, \
         a repeated one is refused.",
    ));
    members(html, &REQUEST);
    html.json(
        both("示例", "Example"),
        &json!({
            "appid": example::APPID, "busicode": "003", "action": "01", "busilist": [{"SYDJZBH": "梯11鲁B00001(18)"}],
            "random": example::RANDOM, "sign": "7E1E9A97…",
        }),
    );
    html.heading(both("记录中的值", "Values in records"));
    html.list(
        false,
        &[
            both(
                "值写成字符串；数字也接收，保留原文（`12.50` 仍是 `12.50`），返回时一律为字符串。",
                "Values are strings; numbers are taken too and keep their exact text (`12.50` stays `12.50`). Answers are strings \
                 always.",
            ),
            both(
                "`null` 和 `\"\"` 在 01 中是“未提供”，在 02 中是“清空”（必填字段不得清空）。",
                "`null` and `\"\"` mean 'not given' in 01 and 'clear' in 02, where a required field cannot be cleared.",
            ),
            both(
                "拒绝：布尔值、嵌套的对象和数组、对象内重复的键、`\\u0000`、不成对的代理项、字典中没有的字段、写操作的空数组、\
                 一条记录超过 256 个字段。",
                "Refused: booleans, nested values, a key twice in an object, `\\u0000`, lone surrogates, fields that the dictionary \
                 does not know, an empty list in a write, more than 256 fields in a record.",
            ),
            both(
                "写操作里的 `SCBZ`（删除标志）忽略，由节点维护。同一批中同一记录出现多次，后面的为准。",
                "`SCBZ` (deleted mark) in a write is ignored: the node keeps it. The same record twice in a batch: the later wins.",
            ),
            both(
                "主键按 NFKC 比较（全角同半角，`〔〕` 不变），数字主键不计前导零；返回时仍是报送的原文。",
                "Keys compare after NFKC (`〔〕` kept), number keys as plain integers; answers show the text as sent.",
            ),
        ],
    );
    html.paragraph(both(
        "检查次序：大小 → 解析 → appid → 签名 → 代码 → 授权 → random → 数据规则。遇到第一个不通过的即返回；数据规则一次列出全部错误，\
         最多前 100 处。",
        "Checks run in this order, and the first that fails answers: size, parse, appid, sign, codes, grants, random, rules. Broken \
         rules are listed all at once, the first 100.",
    ));
    html.end();
}

/// Table 4.
pub(super) fn responses(html: &mut Html) {
    html.section("response", both("响应（§6.2.3）", "Response (§6.2.3)"));
    html.paragraph(both(
        "任何结果都是同一形状，包括报文解析不了、路径写错。将来可能增加键，请忽略不认识的键。",
        "The same shape for every outcome, down to a malformed body or an unknown path. Further members may come: ignore what you do \
         not know.",
    ));
    members(html, &RESPONSE);
    html.paragraph(both("`datalist` 的内容：", "Of `datalist`:"));
    members(html, &DATALIST);
    let datalist: serde_json::Value = serde_json::from_str(example::DATALIST).unwrap_or_default();
    let sign = example::sign(&example::canonical_response(), Default::default());
    html.json(both("示例", "Example"), &json!({"datalist": datalist, "random": example::RANDOM, "sign": sign}));
    html.paragraph(both(
        "HTTP 状态码：成功 200，失败见拒绝代码。客户端遇到 4xx 抛异常的，可请提供方设为一律返回 200（按应用或按节点），此时只看 \
         `result`；按应用设置的，确认调用方身份之前的拒绝仍用各自的状态码。",
        "HTTP status: 200 for success, else see the refusals. For clients that throw on 4xx the operator can set 200 for every answer, \
         per app or per node; read `result` then. Set per app, refusals before the caller is known keep their status.",
    ));
    html.end();
}

/// Actions 01, 02, 03.
pub(super) fn writes(html: &mut Html) {
    html.section("writes", both("新增、修改、删除", "Add, modify, delete"));
    html.paragraph(both(
        "一条记录由**业务分类代码 + XZQHDM（所属行政区划代码）+ 主键**确定：两个县的编号相同，不会互相覆盖。",
        "A record is identified by **business code + XZQHDM (region) + primary key**: equal numbers of two counties never collide.",
    ));
    what_actions_do(html);
    html.list(
        false,
        &[
            both(
                "`0001` 表示**整批已可靠接收**；入库和上报随后进行，结果在日志的 STATE 中。请保存批次号 BATCH。",
                "`0001` means the whole batch is **durably accepted**; what becomes of it is STATE in the log. Keep the batch id.",
            ),
            both(
                "**SJGXSJ 决定先后**：填业务系统中该记录最后更新的时间，北京时间，精确到秒。大的为准，与到达先后无关，相同时后接收的为准。\
                 比已有数据旧的仍返回 0001，留作历史，日志中 CODE 为 STALE。超前 10 分钟以上拒绝。",
                "**SJGXSJ orders changes**: the source's own update time, Beijing time. The larger wins whatever the order of arrival; of \
                 equal ones the later accepted. What is older is answered 0001, kept as history and reported STALE. More than 10 \
                 minutes ahead is refused.",
            ),
            both(
                "主键和 XZQHDM 不能修改：在原主键（原区划）上 03，在新主键（新区划）上 01。XZQHDM 不能是 `000000`。",
                "Key and region cannot be modified: 03 at the old, 01 at the new. XZQHDM is never `000000`.",
            ),
        ],
    );
    html.end();
}

fn what_actions_do(html: &mut Html) {
    let row = |what, add, modify, delete| [what, add, modify, delete].map(words);
    html.table(
        "",
        [
            both("", ""),
            both("`01` 新增", "`01` add"),
            both("`02` 修改", "`02` modify"),
            both("`03` 删除", "`03` delete"),
        ],
        [
            row(
                both("必须给出", "Must have"),
                both("全部必填字段", "every required field"),
                both("主键、SJGXSJ", "primary key, SJGXSJ"),
                both("主键", "primary key"),
            ),
            row(
                both("XZQHDM", "XZQHDM"),
                both("必填", "required"),
                both("省略时为应用自己的区划", "left out: the app's own region"),
                both("省略时为应用自己的区划", "left out: the app's own region"),
            ),
            row(
                both("效果", "Effect"),
                both(
                    "新增，或**整条替换**；清除删除标志",
                    "adds, or **replaces every field**; clears the deleted mark",
                ),
                both(
                    "只改给出的字段，`null` 或 `\"\"` 清空该字段",
                    "sets the given fields; `null` or `\"\"` clears one",
                ),
                both("打删除标志，字段保留", "sets the deleted mark, keeps the fields"),
            ),
            row(
                both("重复执行", "Again"),
                both("可以，全量上传可反复进行", "may be repeated"),
                both("可以", "may be repeated"),
                both("仍是成功", "success too"),
            ),
            row(
                both("记录不存在", "No such record"),
                both("新增", "added"),
                both("先返回 0001，随后失败 MISSING_KEY", "0001, then failure MISSING_KEY"),
                both("先返回 0001，随后失败 MISSING_KEY", "0001, then failure MISSING_KEY"),
            ),
            row(
                both("记录已删除", "Deleted record"),
                both("恢复", "restored"),
                both("修改字段，删除标志不变", "changed, the mark stays"),
                both("成功", "success"),
            ),
        ],
    );
}

/// The random.
pub(super) fn resending(html: &mut Html) {
    html.section("random", both("random 与重发", "Random and resending"));
    html.list(
        false,
        &[
            both(
                "每个**新的**请求一个新的 random；**重发**同一个写请求用原来的 random 和原来的 busilist，返回原来的批次，不会重复入库。",
                "A new random for each **new** request; the same random and the same busilist to **resend** a write: it answers its batch \
                 again and has no second effect.",
            ),
            both(
                "同一 random 用于别的内容、别的 interFlag、查询或校验：RANDOM_REUSED。",
                "Any other second use of a random (other content, another interFlag, a query, a validate): RANDOM_REUSED.",
            ),
            both(
                "**没有得到回答**（超时、断线）和 UNAVAILABLE 都是**结果未知**：写请求用原报文重发，直到得到其他回答；间隔逐次加长\
                 （1、2、5、10、30 秒），不早于 `Retry-After`；不要换 random。客户端超时宜不小于 60 秒。",
                "**No answer** (time-out, lost connection) and UNAVAILABLE mean **outcome unknown**: resend a write as it was until there \
                 is another answer, with growing pauses (1, 2, 5, 10, 30 s), not before `Retry-After`; never change the random. A client \
                 time-out of at least 60 s is advisable.",
            ),
            both(
                "查询和校验没有得到回答时，用新的 random。",
                "A query or a validate that got no answer takes a new random.",
            ),
        ],
    );
    html.paragraph(both(
        "“内容相同”是指 action、busicode、busilist 文本（加密的按解密后）逐字相同，多一个空格也算不同。",
        "'The same' means action, busicode and the text of busilist (decrypted) to the letter: one more space makes it another content.",
    ));
    html.end();
}
