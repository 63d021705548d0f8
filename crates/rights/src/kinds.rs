//! The kinds of records, as tables: E01 to E26, the header of every record and the document (E27).
//!
//! E25 is later work and inward; no kind of it exists, so that a record of it is refused as unknown.

pub mod asset;
pub mod certificate;
pub mod exchange;
pub mod homestead;
pub mod land;
pub mod people;
pub mod share;
mod words;

use crate::identifier::Identifier;
use crate::kind::Type::*;
use crate::kind::{Field, Kind};
use words::*;

/// All kinds, in the order of their entities.
pub static ALL: &[&Kind] = &[
    &people::ADMIN_REGION,
    &people::ORGANISATION,
    &people::HOUSEHOLD,
    &people::MEMBER,
    &people::MEMBERSHIP_EVENT,
    &asset::ASSET_CARD,
    &land::PARCEL,
    &asset::INVENTORY_ROUND,
    &asset::INVENTORY_LINE,
    &asset::ANNUAL_STATEMENT,
    &asset::ASSET_CHANGE,
    &asset::ASSET_DISPOSAL,
    &land::LAND_CONTRACT,
    &land::CONTRACTED_PARCEL,
    &land::LAND_RIGHT_CERT,
    &land::LAND_TRANSFER,
    &land::ENTRUSTMENT,
    &homestead::HOMESTEAD_USE,
    &homestead::HOMESTEAD_QUALIFICATION,
    &share::SHARE_SCHEME,
    &share::SHARE_HOLDING,
    &share::SHARE_CHANGE,
    &share::DIVIDEND_SCHEME,
    &share::DIVIDEND_PAYMENT,
    &exchange::EXCHANGE_PROJECT,
    &exchange::EXCHANGE_LOT,
    &exchange::DEAL,
    &exchange::OPERATING_CONTRACT,
    &exchange::PAYMENT_ENTRY,
    &certificate::CERT_TEMPLATE,
    &certificate::ECERTIFICATE,
    &certificate::ALERT,
];

/// The fields of every record. Class and columns of `state` are those of the kind.
pub static HEADER: &[Field] = &[
    field("rid", "记录标识", "", Id(Identifier::RecordId), M, PUBLIC, [F, F, F, F]),
    field("kind", "记录类型", "", Text(30), M, PUBLIC, [F, F, F, F]),
    field("version", "版本号", "", Count, M, PUBLIC, [F, F, F, F]),
    field("region", "行政区划", "", Region(12), M, PUBLIC, [F, F, F, F]),
    field("org_rid", "所属集体组织", "", Ref(&["organisation"]), unless("kind", &["admin_region", "alert"]), PUBLIC, [F, F, F, F]),
    field("state", "状态", "", Text(30), M, INTERNAL, [F, F, F, F]),
    field("sens", "密级", "", Sens, M, PUBLIC, [F, F, F, F]),
    field("valid_from", "生效日期", "", Date, M, PUBLIC, [F, F, F, F]),
    field("valid_to", "失效日期", "", Date, O, PUBLIC, [F, F, F, F]),
    field("recorded_at", "入库时间", "", Time, M, INTERNAL, [F, F, F, N]),
    field("recorded_by", "经办人", "", Text(50), M, PERSONAL, [F, N, N, N]),
    field("legal_basis", "依据", "", Text(200), O, INTERNAL, [F, F, F, N]),
    field("supersedes", "前版", "", Object(PREVIOUS), O, INTERNAL, [F, F, F, N]).many(),
    field("txn", "业务事务", "", Object(TRANSACTION), O, INTERNAL, [F, F, F, N]),
    field("documents", "原文 / 附件", "", Object(DOCUMENT), O, INTERNAL, [F, F, F, F]).many(),
];

/// A version that a record took the place of.
const PREVIOUS: &[Field] =
    &[field("rid", "记录标识", "", Ref(&[]), M, INTERNAL, [F, F, F, N]), field("version", "版本号", "", Count, M, INTERNAL, [F, F, F, N])];

/// The business transaction that several records changed in.
const TRANSACTION: &[Field] = &[
    field("txn_id", "事务标识", "", Text(50), M, INTERNAL, [F, F, F, N]),
    field("size", "记录数", "", Count, M, INTERNAL, [F, F, F, N]),
    field("business_code", "业务代码", "", Code(BUSINESS_CODES), M, INTERNAL, [F, F, F, N]),
];

/// The business of a transaction; what it touches is in `transaction`.
pub const BUSINESS_CODES: &[&str] = &[
    "101 初始登记",
    "102 转让",
    "1021 转让",
    "1022 转让",
    "1023 转让",
    "1024 转让",
    "103 一般变更",
    "1031 一般变更",
    "1032 一般变更",
    "1033 一般变更",
    "104 互换",
    "105 分户",
    "106 合户",
    "107 注销",
    "1071 自愿退出",
    "1072 农户消失",
    "1073 灭失",
    "201 补发",
    "202 换发",
    "203 证注销",
    "parcel_split 地块拆分",
    "parcel_merge 地块合并",
    "share_split 股权析产",
    "share_inherit 股权继承",
];

/// E27, a document of a record. Which routes carry it, its own class and the route decide.
pub const DOCUMENT: &[Field] = &[
    field("document_id", "标识", "", DOCUMENT_ID, M, PUBLIC, [F, F, F, F]),
    field("role", "角色", "", Code(&["original 原文", "annex 附件", "photo 照片", "map 图件", "scan 扫描件", "signature 签名"]), M, PUBLIC, [F, F, F, F]),
    field("seq", "序号", "", Count, M, PUBLIC, [F, F, F, F]),
    field("file_name", "文件名", "", FileName, M, INTERNAL, [F, F, F, F]),
    field("media_type", "类型", "", Text(100), M, PUBLIC, [F, F, F, F]),
    field("size", "大小", "", Count, M, PUBLIC, [F, F, F, F]),
    field("digest", "校验值", "", Digest, M, PUBLIC, [F, F, F, F]),
    field("format_id", "格式", "", Text(50), M, PUBLIC, [F, F, F, F]),
    field("pages", "页数", "", Count, O, PUBLIC, [F, F, F, F]),
    field("scan", "数字化属性", "", Object(SCAN), C, PUBLIC, [F, F, F, F]),
    field("created_by_program", "创建程序", "", Text(100), O, PUBLIC, [F, F, F, F]),
    field("sens", "密级", "", Sens, M, PUBLIC, [F, F, F, F]),
    field("redaction", "遮盖", "", Redaction, M, PUBLIC, [F, F, F, F]),
    field("ocr_text", "识别文本", "", Text(200_000), O, SECRET, [F, N, N, N]),
    field("other_digests", "其他校验值", "", Digest, O, PUBLIC, [F, F, F, F]).many(),
];

/// How a document was scanned.
const SCAN: &[Field] = &[
    field("dpi", "扫描分辨率", "", Count, M, PUBLIC, [F, F, F, F]),
    field("colour", "扫描色彩模式", "", Code(&["黑白二值", "灰度", "彩色"]), M, PUBLIC, [F, F, F, F]),
    field("compression", "图像压缩方案", "", Text(30), M, PUBLIC, [F, F, F, F]),
];

/// A digest, always with the name of its algorithm.
pub const DIGEST: &[Field] =
    &[field("alg", "算法", "", Code(&["blake3", "sha256", "sm3"]), M, PUBLIC, [F, F, F, F]), field("hex", "十六进制值", "", Text(64), M, PUBLIC, [F, F, F, F])];
