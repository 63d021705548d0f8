//! Regions, organisations, households, members and what happens to membership: E01 to E05.

use super::words::*;
use crate::cycle;
use crate::kind::Kind;
use crate::kind::Type::*;

/// E01 行政区划.
pub static ADMIN_REGION: Kind = Kind {
    name: "admin_region",
    zh: "行政区划",
    entity: 1,
    sens: PUBLIC,
    cycle: &cycle::PLAIN,
    state: (PUBLIC, [F, F, F, F]),
    fields: &[
        field("code", "代码", "", Region(0), M, PUBLIC, [F, F, F, F]),
        field("name", "名称", "", Text(100), M, PUBLIC, [F, F, F, F]),
        field("level", "级别", "", Code(&["province 省", "city 市", "county 县", "town 乡镇", "village 村", "group 组"]), M, PUBLIC, [F, F, F, F]),
        field("parent", "上级", "", Region(0), C, PUBLIC, [F, F, F, F]),
        field("successor", "继任代码", "", Region(0), O, PUBLIC, [F, F, F, F]),
    ],
};

/// E02 集体经济组织.
pub static ORGANISATION: Kind = Kind {
    name: "organisation",
    zh: "集体经济组织",
    entity: 2,
    sens: PUBLIC,
    cycle: &cycle::PLAIN,
    state: (PUBLIC, [F, F, F, F]),
    fields: &[
        field("uscc", "统一社会信用代码", "", USCC, M, PUBLIC, [F, F, F, F]),
        field("name", "名称", "FBFMC", Text(100), M, PUBLIC, [F, F, F, F]),
        field("issuer_code", "发包方编码", "FBFBM", ISSUER, C, INTERNAL, [F, F, F, N]),
        field("level", "层级", "", Code(&["group 组", "village 村", "town 乡镇"]), M, PUBLIC, [F, F, F, F]),
        field("legal_form", "类型", "", Code(&["经济合作社", "股份经济合作社", "其他"]), M, PUBLIC, [F, F, F, F]),
        field("reg_cert_no", "登记证号", "", Text(50), M, PUBLIC, [F, F, F, F]),
        field("reg_date", "登记日期", "", Date, M, PUBLIC, [F, F, F, F]),
        field("head_name", "负责人", "FBFFZRXM", Text(50), M, PERSONAL, [F, F, NAME1, F]),
        field("head_id_type", "负责人证件类型", "FZRZJLX", Code(ID_TYPES), M, SENSITIVE, [F, F, N, N]),
        field("head_id_no", "负责人证件号码", "FZRZJHM", Text(30), M, SENSITIVE, [F, ID6_4, N, N]),
        field("phone", "联系电话", "LXDH", Text(15), O, PERSONAL, [F, F, F, N]),
        field("address", "地址", "FBFDZ", Text(100), M, PUBLIC, [F, F, F, F]),
        field("postcode", "邮编", "YZBM", Text(6), M, PUBLIC, [F, F, F, F]),
        field("bank_name", "开户行", "", Text(50), C, SENSITIVE, [F, F, N, N]),
        field("bank_account", "账号", "", BANK_ACCOUNT, C, SENSITIVE, [F, BANK, N, N]),
        field("member_count", "成员数", "", Count, M, PUBLIC, [F, F, N, F]),
        field("household_count", "户数", "", Count, M, PUBLIC, [F, F, N, F]),
        field("total_shares", "总股数", "", SHARES, M, PUBLIC, [F, F, N, F]),
        field("surveyed_by", "调查员", "FBFDCY", Text(50), C, INTERNAL, [F, N, N, N]),
        field("surveyed_on", "调查日期", "FBFDCRQ", Date, C, INTERNAL, [F, N, N, N]),
        field("survey_note", "调查记事", "FBFDCJS", Text(254), C, INTERNAL, [F, N, N, N]),
    ],
};

/// E03 农户.
pub static HOUSEHOLD: Kind = Kind {
    name: "household",
    zh: "农户",
    entity: 3,
    sens: PERSONAL,
    cycle: &cycle::PLAIN,
    state: (PERSONAL, [F, F, N, S]),
    fields: &[
        field("hh_no", "户编号", "", Text(20), M, INTERNAL, [F, F, N, PSEUD]),
        field("contractor_code", "承包方编码", "CBFBM", CONTRACTOR, C, INTERNAL, [F, F, F, N]),
        field("contractor_type", "承包方类型", "CBFLX", Code(&["1 农户", "2 个人", "3 单位"]), M, INTERNAL, [F, F, F, N]),
        field("head_rid", "户主 / 代表", "CBFMC", Ref(&["member"]), M, PERSONAL, [F, NAME1, NAME1, S]),
        field("id_type", "代表证件类型", "CBFZJLX", Code(ID_TYPES), M, SENSITIVE, [F, F, N, N]),
        field("id_no", "代表证件号码", "CBFZJHM", Text(30), M, SENSITIVE, [F, ID6_4, N, N]),
        field("address", "地址", "CBFDZ", Text(100), M, PERSONAL, [F, F, ADDR, S]),
        field("postcode", "邮编", "YZBM", Text(6), M, PERSONAL, [F, F, N, S]),
        field("phone", "电话", "LXDH", Text(15), O, PERSONAL, [F, PHONE, N, S]),
        field("size", "成员数量", "CBFCYSL", Count, M, INTERNAL, [F, F, N, S]),
        field("bank_account", "分红账户", "", BANK_ACCOUNT, C, SENSITIVE, [F, BANK, N, SUBJECT_BANK]),
        field("publicity_note", "公示记事", "GSJS", Text(254), C, INTERNAL, [F, N, N, N]),
        field("publicity_by", "记事人", "GSJSR", Text(50), C, INTERNAL, [F, N, N, N]),
        field("publicity_reviewed_on", "审核日期", "GSSHRQ", Date, M, INTERNAL, [F, N, N, N]),
        field("publicity_reviewer", "审核人", "GSSHR", Text(50), M, INTERNAL, [F, N, N, N]),
        field("low_income_flag", "低收入 / 五保", "", Bool, O, SENSITIVE, [F, N, N, N]),
    ],
};

/// E04 成员.
pub static MEMBER: Kind = Kind {
    name: "member",
    zh: "成员",
    entity: 4,
    sens: PERSONAL,
    cycle: &cycle::MEMBER,
    state: (PERSONAL, [F, F, N, S]),
    fields: &[
        field("name", "姓名", "CYXM", Text(50), M, PERSONAL, [F, F, N, NAME1]),
        field("gender", "性别", "CYXB", Code(&["1 男", "2 女"]), M, PERSONAL, [F, F, N, S]),
        field("id_type", "证件类型", "CYZJLX", Code(ID_TYPES), M, SENSITIVE, [F, F, N, N]),
        field("id_no", "证件号码", "CYZJHM", Text(30), M, SENSITIVE, [F, ID6_4, N, N]),
        field("birth_date", "出生日期", "CSRQ", Date, when("id_type", &["1"]), PERSONAL, [F, DATE_Y, N, S]),
        field("relation", "与户主关系", "YHZGX", Digits(2, 2), M, PERSONAL, [F, F, N, S]),
        field("remark_code", "成员备注", "CYBZ", Code(&["外嫁女", "入赘男", "在校大学生", "服役", "去世", "服刑", "其他"]), O, SENSITIVE, [F, N, N, N]),
        field("remark", "成员备注说明", "CYBZSM", Text(254), O, SENSITIVE, [F, N, N, N]),
        field("co_owner", "是否共有人", "SFGYR", Code(&["1 是", "2 否"]), O, PERSONAL, [F, F, N, S]),
        field("household_rid", "所属户", "CBFBM", Ref(&["household"]), M, PERSONAL, [F, F, N, N]),
        field("member_state", "成员资格", "", State, M, PERSONAL, [F, F, N, S]),
        field("hukou_region", "户籍地", "", Region(12), M, PERSONAL, [F, F, N, N]),
        field("minor_flag", "未成年人", "", Bool, M, SENSITIVE, [F, F, N, N]),
    ],
};

/// E05 成员资格认定.
pub static MEMBERSHIP_EVENT: Kind = Kind {
    name: "membership_event",
    zh: "成员资格认定",
    entity: 5,
    sens: PERSONAL,
    cycle: &cycle::PLAIN,
    state: (PERSONAL, [F, F, N, S]),
    fields: &[
        field("member_rid", "成员", "", Ref(&["member"]), M, PERSONAL, [F, F, N, S]),
        field(
            "event",
            "事件",
            "",
            Code(&[
                "initial 初始确认",
                "birth 出生",
                "marriage 婚入",
                "adopt 收养",
                "policy_migration 政策移民",
                "quit 自愿退出",
                "death 死亡",
                "join_other 加入其他集体",
                "civil_servant 成为公务员",
                "correction 更正",
            ]),
            M,
            PERSONAL,
            [F, F, N, S],
        ),
        field("event_date", "发生日期", "", Date, M, PERSONAL, [F, F, N, S]),
        field("resolution_no", "决议文号", "", Text(50), unless("event", &["death", "birth"]), PERSONAL, [F, F, N, S]),
        field("meeting_date", "会议日期", "", Date, unless("event", &["death", "birth"]), PERSONAL, [F, F, N, S]),
        field("vote_for", "同意票", "", Count, O, PERSONAL, [F, F, N, S]),
        field("vote_against", "反对票", "", Count, O, PERSONAL, [F, F, N, S]),
        field("retained_rights", "保留权益", "", Code(&["land 承包地", "homestead 宅基地", "share 股权", "welfare 福利"]), O, PERSONAL, [F, F, N, S]).many(),
        field("retained_until", "保留至", "", Date, with("retained_rights"), PERSONAL, [F, F, N, S]),
        field("evidence", "证据", "", Doc, C, PERSONAL, [F, N, N, N]).many(),
    ],
};
