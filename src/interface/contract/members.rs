//! The members of requests and responses (§6.2.2, §6.2.3), and what codes and addresses are called.

use crate::interface::bilingual::both;
use crate::interface::{Bilingual, InterFlag};
use crate::standard::code::{Action, BusinessCode};

/// A member of a JSON object of the interface.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// Its name, case-sensitive.
    pub name: &'static str,
    /// Its JSON types.
    pub types: Bilingual,
    /// What it holds.
    pub meaning: Bilingual,
}

const STRING: Bilingual = both("字符串", "string");

/// The request (table 1). All are required.
pub const REQUEST: [Member; 6] = [
    Member { name: "appid", types: STRING, meaning: both("应用账号", "Account of the caller") },
    Member {
        name: "busicode",
        types: STRING,
        meaning: both(
            "业务分类代码（表 2），三位；日志查询可用 `000` 表示全部",
            "Business code (table 2), three digits; `000` means all, in a query of the log",
        ),
    },
    Member {
        name: "action",
        types: STRING,
        meaning: both(
            "请求动作代码（表 3）：`01` 新增 `02` 修改 `03` 删除 `04` 查询",
            "Action (table 3): `01` add, `02` modify, `03` delete, `04` query",
        ),
    },
    Member {
        name: "busilist",
        types: both("数组或字符串", "array or string"),
        meaning: both(
            "业务参数：对象的数组；或内容为该数组文本的字符串（**推荐**：签名的正是这段文本）；约定加密的为密文字符串",
            "Business parameters: an array of flat objects; or a string that holds the text of such an array (**recommended**: \
             what is signed is that text); or ciphertext, where encryption is agreed",
        ),
    },
    Member {
        name: "random",
        types: STRING,
        meaning: both(
            "请求随机标识：1 至 64 个可见 ASCII 字符，区分大小写，每个新请求一个，宜用 UUID",
            "Identifier of the request: 1 to 64 printable ASCII characters, case-sensitive, a new one for each new request, a \
             UUID for preference",
        ),
    },
    Member {
        name: "sign",
        types: STRING,
        meaning: both("签名，十六进制，大小写均可", "Signature in hexadecimal of either case"),
    },
];

/// The response (table 4).
pub const RESPONSE: [Member; 3] = [
    Member {
        name: "datalist",
        types: both("对象", "object"),
        meaning: both(
            "返回结果，见下表；按应用约定可为内容相同的 JSON 字符串（表 4）",
            "The result, see below; for apps configured so a JSON string that holds the same text (table 4)",
        ),
    },
    Member {
        name: "random",
        types: STRING,
        meaning: both("请求的 random；读不出时为空串", "The request's random; empty if it could not be read"),
    },
    Member {
        name: "sign",
        types: STRING,
        meaning: both(
            "节点以同一密钥、同一方案所签；调用方身份未确认时为空串",
            "By the same key and profile; empty while the caller is unknown",
        ),
    },
];

/// The members of datalist (Annex A.2).
pub const DATALIST: [Member; 4] = [
    Member {
        name: "result",
        types: STRING,
        meaning: both(
            "**`0001` 成功，`0000` 失败**（与一般习惯相反）；`0001` 不会用于部分成功",
            "**`0001` success, `0000` failure**; `0001` never means partial success",
        ),
    },
    Member {
        name: "message",
        types: STRING,
        meaning: both(
            "说明；失败时以方括号中的稳定代码开头，程序只判断代码",
            "Words in Chinese; of a refusal it begins with a stable code in brackets, and programs read that alone",
        ),
    },
    Member {
        name: "busilist",
        types: both("数组或字符串", "array or string"),
        meaning: both(
            "没有内容时为 `[]`；约定加密的应用收到密文字符串",
            "`[]` where there is nothing to list; ciphertext for apps with encryption",
        ),
    },
    Member {
        name: "after",
        types: STRING,
        meaning: both(
            "下一页的游标：只在查询还有下一页时出现",
            "Cursor of the next page: there only when a query has more",
        ),
    },
];

/// What an interFlag is for.
pub fn inter_flag(flag: InterFlag) -> Bilingual {
    match flag {
        InterFlag::Exchange => both("业务数据的新增、修改、删除、查询", "Business data: add, modify, delete, query"),
        InterFlag::Validate => both("只校验，不报送", "Check records, send nothing"),
        InterFlag::Log => both("接口日志查询（§6.1）", "Query of the interface log (§6.1)"),
    }
}

/// What an action is called (table 3).
pub fn action(action: Action) -> Bilingual {
    match action {
        Action::Add => both("新增", "add"),
        Action::Modify => both("修改", "modify"),
        Action::Delete => both("删除", "delete"),
        Action::Query => both("查询", "query"),
    }
}

/// The English name of a business code of table 2; an operator's own dataset has none.
pub fn dataset(code: BusinessCode) -> Option<&'static str> {
    const NAMES: [&str; 11] = [
        "Licences of organisations",
        "Qualifications of persons",
        "Registration of equipment",
        "Inspection of equipment",
        "Lift maintenance",
        "Boiler efficiency",
        "Supervision",
        "Administrative penalties",
        "Credit",
        "Recalls of defective products",
        "Accidents",
    ];
    NAMES.get(usize::from(code.number()).checked_sub(1)?).copied()
}
