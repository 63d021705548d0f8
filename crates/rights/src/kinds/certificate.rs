//! Certificates and alerts: E23, E24 and E26.

use super::words::*;
use crate::cycle;
use crate::kind::Type::*;
use crate::kind::{Field, Kind};

const CERT_KINDS: &[&str] =
    &["land 承包地", "homestead_qualification 资格权", "homestead_use 使用权", "share 股权", "income_right 收益分配权", "dividend 分红"];

/// A field on the printed form of a certificate; lengths are in tenths of a millimetre.
const TEMPLATE_FIELD: &[Field] = &[
    field("name", "名称", "", Text(50), M, PUBLIC, [F, F, N, F]),
    field("source_path", "来源字段", "", Text(100), M, PUBLIC, [F, F, N, F]),
    field("mask", "掩码", "", Text(20), O, PUBLIC, [F, F, N, F]),
    field("x", "横", "", Count, M, PUBLIC, [F, F, N, F]),
    field("y", "纵", "", Count, M, PUBLIC, [F, F, N, F]),
    field("w", "宽", "", Count, M, PUBLIC, [F, F, N, F]),
    field("h", "高", "", Count, M, PUBLIC, [F, F, N, F]),
    field("font", "字体", "", Text(50), M, PUBLIC, [F, F, N, F]),
    field("size", "字号", "", Count, M, PUBLIC, [F, F, N, F]),
];

/// Where the QR code stands.
const TEMPLATE_QR: &[Field] = &[
    field("x", "横", "", Count, M, PUBLIC, [F, F, N, F]),
    field("y", "纵", "", Count, M, PUBLIC, [F, F, N, F]),
    field("size", "边长", "", Count, M, PUBLIC, [F, F, N, F]),
    field("ecc", "纠错级", "", Code(&["L", "M", "Q", "H"]), M, PUBLIC, [F, F, N, F]),
];

/// Where the seal stands.
const TEMPLATE_SEAL: &[Field] = &[field("x", "横", "", Count, M, PUBLIC, [F, F, N, F]), field("y", "纵", "", Count, M, PUBLIC, [F, F, N, F])];

/// A record that a certificate was made from.
const SOURCE: &[Field] =
    &[field("rid", "来源记录", "", Ref(&[]), M, INTERNAL, [F, F, N, N]), field("version", "来源版本", "", Count, M, INTERNAL, [F, F, N, N])];

/// Who is to look into an alert.
const ASSIGNEE: &[Field] =
    &[field("role", "角色", "", Text(50), M, INTERNAL, [F, F, N, N]), field("region", "行政区划", "", Region(12), M, INTERNAL, [F, F, N, N])];

/// What proves a certificate, as it stays inside (spec/certificate.md). What goes with the fields of a route is made from it.
const PROOF: &[Field] = &[
    field("alg", "算法", "", Text(30), M, SECRET, [F, N, N, N]),
    field("generation", "密钥世代", "", Count, M, SECRET, [F, N, N, N]),
    field("root", "承诺根", "", Text(43), M, SECRET, [F, N, N, N]),
    field("secret", "盐源", "", Text(43), M, SECRET, [F, N, N, N]),
    field("signature", "签名", "", Text(86), M, SECRET, [F, N, N, N]),
    field("zone", "签名区", "", Text(64), M, SECRET, [F, N, N, N]),
];

/// E23 权证模板.
pub static CERT_TEMPLATE: Kind = Kind {
    name: "cert_template",
    zh: "权证模板",
    entity: 23,
    sens: PUBLIC,
    cycle: &cycle::CERT_TEMPLATE,
    state: (PUBLIC, [F, F, N, F]),
    fields: &[
        field("template_id", "模板号", "", Text(30), M, PUBLIC, [F, F, N, F]),
        field("template_version", "版本", "", Count, M, PUBLIC, [F, F, N, F]),
        field("cert_kind", "权证类型", "", Code(CERT_KINDS), M, PUBLIC, [F, F, N, F]),
        field("page_size", "版面", "", Text(20), M, PUBLIC, [F, F, N, F]),
        field("background", "底图", "", Doc, M, PUBLIC, [F, F, N, F]),
        field("fields", "字段", "", Object(TEMPLATE_FIELD), M, PUBLIC, [F, F, N, F]).many(),
        field("qr", "二维码", "", Object(TEMPLATE_QR), M, PUBLIC, [F, F, N, F]),
        field("seal", "印章位", "", Object(TEMPLATE_SEAL), M, PUBLIC, [F, F, N, F]),
        field("seal_image", "印章图", "", Doc, M, SECRET, [F, N, N, N]),
        field("effective_from", "启用日", "", Date, M, PUBLIC, [F, F, N, F]),
        field("checksum", "校验值", "", Digest, M, PUBLIC, [F, F, N, F]),
    ],
};

/// E24 电子权证.
pub static ECERTIFICATE: Kind = Kind {
    name: "ecertificate",
    zh: "电子权证",
    entity: 24,
    sens: PERSONAL,
    cycle: &cycle::ECERTIFICATE,
    state: (PUBLIC, [F, F, N, F]),
    fields: &[
        field("cert_no", "证号", "", Text(50), M, PERSONAL, [F, F, N, F]),
        field("cert_token", "查验令牌", "", TOKEN, M, PUBLIC, [F, F, N, F]),
        field("cert_kind", "类型", "", Code(CERT_KINDS), M, PUBLIC, [F, F, N, F]),
        field("template_ref", "模板版本", "", Ref(&["cert_template"]), M, PUBLIC, [F, F, N, F]),
        field("subject", "权利人", "", Ref(&["member", "household"]), M, PERSONAL, [F, NAME1, N, NAME1]),
        field("rows", "权证内容", "", Rows, M, PERSONAL, [F, FIELDWISE, N, S]),
        field("source_rids", "来源记录及版本", "", Object(SOURCE), M, INTERNAL, [F, F, N, N]).many(),
        field("issuer", "发证机关", "", Text(100), M, PUBLIC, [F, F, N, F]),
        field("issued_on", "发证日期", "", Date, M, PUBLIC, [F, F, N, F]),
        field("file", "版式文件", "", Doc, M, PERSONAL, [F, F, N, S]),
        field("sig_alg", "签名算法", "", Text(20), M, PUBLIC, [F, F, N, F]),
        field("signature", "签名值", "", Bytes, M, PUBLIC, [F, F, N, F]),
        field("signer_cert", "签名证书", "", Bytes, M, PUBLIC, [F, F, N, F]),
        field("chain_ref", "存证号", "", Text(100), O, PUBLIC, [F, F, N, F]),
        field("publicity_from", "公示期起", "", Date, C, PUBLIC, [F, F, N, F]),
        field("publicity_to", "公示期止", "", Date, C, PUBLIC, [F, F, N, F]),
        field("revoked_on", "注销日", "", Date, when("state", &["revoked"]), PUBLIC, [F, F, N, F]),
        field(
            "revoke_reason",
            "注销原因",
            "",
            Code(&["corrected 更正", "given_up 自愿放弃", "right_ended 权利终止", "mistaken 登记错误", "other 其他"]),
            when("state", &["revoked"]),
            PUBLIC,
            [F, F, N, F],
        ),
        field("proof", "证明", "", Object(PROOF), O, SECRET, [F, N, N, N]),
        field("source_as_of", "数据截至", "", Time, O, PUBLIC, [N, F, N, F]),
        field("batch_seq", "批次", "", Count, O, PUBLIC, [N, F, N, F]),
    ],
};

/// E26 预警.
pub static ALERT: Kind = Kind {
    name: "alert",
    zh: "预警",
    entity: 26,
    sens: PERSONAL,
    cycle: &cycle::ALERT,
    state: (INTERNAL, [F, F, N, N]),
    fields: &[
        field("alert_id", "编号", "", Ref(&["alert"]), M, PERSONAL, [F, F, N, N]),
        field("rule_id", "规则", "", RuleId, M, INTERNAL, [F, F, N, N]),
        field("severity", "级别", "", Code(&["info 提示", "warn 一般", "high 严重"]), M, INTERNAL, [F, F, N, N]),
        field("subjects", "涉及记录", "", Ref(&[]), M, PERSONAL, [F, F, N, N]).many(),
        field("facts", "事实", "", Numbers, M, PERSONAL, [F, F, N, N]),
        field("message_zh", "提示", "", Text(300), M, PERSONAL, [F, F, N, N]),
        field("raised_at", "发出", "", Time, M, INTERNAL, [F, F, N, N]),
        field("due", "核实期限", "", Date, M, INTERNAL, [F, F, N, N]),
        field("assignee", "责任人", "", Object(ASSIGNEE), M, INTERNAL, [F, F, N, N]),
        field("answer", "核实意见", "", Text(500), C, PERSONAL, [F, F, N, N]),
        field("answered_by", "核实人角色", "", Text(50), with("answer"), PERSONAL, [F, F, N, N]),
        field("answered_at", "核实时间", "", Time, with("answer"), PERSONAL, [F, F, N, N]),
    ],
};
