//! Life cycles: the states of each kind and the moves between them. Any move that is not listed is an error. A record may begin in any
//! state, because an archive takes in what was there before it.

/// The states of a kind, in their usual order, and how a record goes from one to the next.
#[derive(Debug)]
pub struct Cycle {
    /// State and its Chinese name.
    pub states: &'static [(&'static str, &'static str)],
    /// From which state to which.
    pub moves: &'static [(&'static str, &'static [&'static str])],
    /// Whether any state may become any other by a correction that names its resolution.
    pub correctable: bool,
}

impl Cycle {
    /// Whether records of this cycle know that state.
    pub fn knows(&self, state: &str) -> bool {
        self.states.iter().any(|(known, _)| *known == state)
    }

    /// Whether the next version of a record may be in `to`. To stay is no move. `corrected`: the version is a correction (更正) that
    /// names its resolution.
    pub fn allows(&self, from: &str, to: &str, corrected: bool) -> bool {
        if !self.knows(from) || !self.knows(to) {
            return false;
        }
        let listed = |(start, ends): &(&str, &[&str])| *start == from && ends.contains(&to);
        from == to || self.moves.iter().any(listed) || (self.correctable && corrected)
    }
}

macro_rules! cycles {
    ($($(#[$says:meta])* $name:ident $(($correctable:ident))? { $($state:literal $zh:literal $(=> $($to:literal)+)?;)+ })*) => {$(
        $(#[$says])*
        pub static $name: Cycle = Cycle {
            states: &[$(($state, $zh)),+],
            moves: &[$(($state, &[$($($to),+)?])),+],
            correctable: cycles!(@ $($correctable)?),
        };
    )*};
    (@) => { false };
    (@ correctable) => { true };
}

cycles! {
    /// What holds until it is replaced or ends: kinds without a cycle of their own.
    PLAIN {
        "current" "现势" => "history" "ended";
        "history" "历史";
        "ended" "终止";
    }

    /// A contract of contracted land.
    LAND_CONTRACT {
        "temporary" "临时" => "current";
        "current" "现势" => "history" "ended";
        "history" "历史";
        "ended" "终止";
    }

    /// A member.
    MEMBER (correctable) {
        "pending" "待认定" => "publicity";
        "publicity" "公示中" => "confirmed";
        "confirmed" "已确认" => "lost" "retained" "disputed";
        "retained" "迁出保留权益" => "lost";
        "disputed" "争议" => "confirmed";
        "lost" "丧失";
    }

    /// An asset card.
    ASSET_CARD {
        "draft" "待建卡" => "active";
        "active" "在册" => "changing" "disposing" "undefined";
        "changing" "变更审批中" => "active";
        "disposing" "处置审批中" => "sold" "scrapped" "reduced" "active";
        "undefined" "待界定" => "active" "disposing";
        "sold" "已出售";
        "scrapped" "已报废";
        "reduced" "其他减少";
    }

    /// The form of a change or disposal.
    FORM {
        "draft" "草稿" => "submitted" "withdrawn";
        "submitted" "已提交" => "approved" "rejected" "withdrawn";
        "approved" "通过" => "effective" "withdrawn";
        "rejected" "退回" => "withdrawn";
        "effective" "生效";
        "withdrawn" "撤回";
    }

    /// A parcel: where the version comes from.
    PARCEL_ORIGIN {
        "initial" "初始" => "modified" "split" "merged" "attributes" "extinct" "contractor_removed";
        "added" "新增" => "modified" "split" "merged" "attributes" "extinct" "contractor_removed";
        "modified" "修改" => "split" "merged" "attributes" "extinct" "contractor_removed";
        "split" "拆分" => "modified" "merged" "attributes" "extinct" "contractor_removed";
        "merged" "合并" => "modified" "split" "attributes" "extinct" "contractor_removed";
        "attributes" "属性变更" => "modified" "split" "merged" "extinct" "contractor_removed";
        "contractor_removed" "移除承包方" => "modified" "split" "merged" "attributes" "extinct";
        "extinct" "灭失";
    }

    /// The use of a homestead.
    HOMESTEAD_USE {
        "applied" "申请" => "approved";
        "approved" "批准" => "building";
        "building" "在建" => "accepted";
        "accepted" "已验收" => "registered";
        "registered" "登记" => "idle" "transferred" "exited" "reclaimed" "extinct";
        "idle" "闲置" => "exited" "reclaimed" "extinct";
        "transferred" "流转";
        "exited" "有偿退出";
        "reclaimed" "收回";
        "extinct" "灭失";
    }

    /// The qualification for a homestead.
    QUALIFICATION {
        "qualified" "有资格" => "exercised" "paused" "exited";
        "exercised" "已行使" => "exited";
        "paused" "暂缓" => "qualified";
        "exited" "已退出" => "restored";
        "restored" "已恢复";
    }

    /// A scheme of shares or dividends.
    SCHEME {
        "draft" "草稿" => "publicity";
        "publicity" "公示中" => "effective";
        "effective" "已生效" => "replaced";
        "replaced" "已更替";
    }

    /// A holding of shares.
    HOLDING {
        "created" "设立" => "active";
        "active" "有效" => "pledged" "transferred" "inheriting" "cancelled";
        "pledged" "质押" => "active";
        "inheriting" "继承中" => "transferred" "cancelled";
        "transferred" "转出";
        "cancelled" "注销";
    }

    /// A payment of a dividend.
    PAYMENT {
        "planned" "待发" => "paying";
        "paying" "发放中" => "paid" "failed";
        "failed" "失败" => "paying" "held";
        "held" "暂存" => "paying";
        "paid" "已发";
    }

    /// A project of the property exchange, its lots and deals.
    EXCHANGE {
        "draft" "草稿" => "submitted" "failed" "terminated";
        "submitted" "已推送" => "accepted" "failed" "terminated";
        "accepted" "受理" => "announced" "failed" "terminated";
        "announced" "公告" => "bidding" "failed" "terminated";
        "bidding" "竞价" => "deal_publicity" "failed" "terminated";
        "deal_publicity" "成交公示" => "signed";
        "signed" "已签约" => "performing";
        "performing" "履行" => "archived";
        "archived" "归档";
        "failed" "流标";
        "terminated" "终止";
    }

    /// An operating contract.
    OPERATING_CONTRACT {
        "draft" "草稿" => "active" "terminated";
        "active" "履行中" => "due_soon" "overdue" "terminated";
        "due_soon" "即将到期" => "expired" "terminated";
        "overdue" "逾期" => "active" "terminated";
        "expired" "到期" => "finished" "terminated";
        "finished" "完结";
        "terminated" "终止";
    }

    /// The printed form of a certificate.
    CERT_TEMPLATE {
        "draft" "草稿" => "reviewed";
        "reviewed" "已审" => "published";
        "published" "启用" => "retired";
        "retired" "停用";
    }

    /// A certificate.
    ECERTIFICATE {
        "draft" "草稿" => "preview";
        "preview" "预览" => "publicity";
        "publicity" "公示中" => "effective";
        "effective" "已生效" => "replaced" "revoked" "lost" "expired";
        "replaced" "已更正(换新证)";
        "revoked" "已注销";
        "lost" "已挂失";
        "expired" "已过期";
    }

    /// An alert. Overdue is every open one past its day; it goes on to where it would have gone.
    ALERT {
        "open" "待核实" => "verifying" "overdue";
        "verifying" "核实中" => "confirmed" "false_positive" "overdue";
        "confirmed" "属实" => "rectifying" "overdue";
        "rectifying" "整改中" => "rectified" "overdue";
        "rectified" "已整改" => "closed" "overdue";
        "false_positive" "误报" => "closed" "overdue";
        "overdue" "逾期" => "verifying" "confirmed" "false_positive" "rectifying" "rectified" "closed";
        "closed" "关闭";
    }
}
