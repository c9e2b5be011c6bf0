//! The audit's words in Chinese. A word that has no title yet is shown as it stands: nothing is hidden.

const ACTIONS: &[(&str, &str)] = &[
    ("sign_in", "登录"),
    ("sign_in.failed", "登录失败"),
    ("sign_out", "退出"),
    ("post.switched", "切换岗位"),
    ("password.changed", "修改密码"),
    ("password.reset", "重置密码"),
    ("staff.first_administrator", "创建首位管理员"),
    ("staff.created", "新增账号"),
    ("staff.changed", "修改账号"),
    ("staff.disabled", "停用账号"),
    ("staff.enabled", "恢复账号"),
    ("post.given", "增加岗位"),
    ("post.ended", "免去岗位"),
    ("audit.searched", "查询审计"),
    ("audit.exported", "导出审计"),
    ("case.searched", "查找办件"),
    ("staff.searched", "查找账号"),
    ("case.opened", "打开办件"),
    ("case.filed", "提交申请"),
    ("worklist.exported", "导出待办"),
    ("indicator.reckon", "统计指标"),
    ("indicator.counted", "查看指标计入的记录"),
    ("indicator.again", "重算统计指标"),
    ("indicator.exported", "导出统计指标"),
    ("case.acted", "办理办件"),
    ("joint.proposed", "查看一件事可以办什么"),
    ("joint.begun", "开始一件事"),
    ("joint.opened", "打开一件事"),
    ("joint.given_up", "一件事里不再申请一项"),
    ("joint.exported", "导出救助一件事"),
    ("case.taken_in_listed", "查看代收的申请"),
    ("case.taken_in_opened", "查看一件代收的申请"),
    ("case.taken_in_exported", "导出代收的申请"),
    ("booking.made", "预约窗口"),
    ("booking.cancelled", "取消预约"),
    ("booking.made_for", "代群众预约窗口"),
    ("booking.moved", "改预约时间"),
    ("booking.opened", "查看一个预约"),
    ("booking.for_person", "为某人预约时查看姓名住址"),
    ("booking.listed", "查看窗口预约"),
    ("booking.settled", "登记预约的人来没来"),
    ("case.opened_for_late", "以前月份的情况有变化立件"),
    ("case.opened_for_review", "到期核查立件"),
    ("roll.resumed", "接着导入名册"),
    ("attachment.opened", "打开照片或扫描件"),
    ("letter.opened", "打开文书"),
    ("entitlement.read", "打开待遇"),
    ("reserve.proposed", "拟办备用金"),
    ("reserve.booked", "复核备用金"),
    ("reserve.refused", "退回备用金"),
    ("reserve.exported", "导出备用金台账"),
    ("payee.proposed", "拟定领款账户"),
    ("payee.confirmed", "复核领款账户"),
    ("payee.refused", "退回领款账户"),
    ("department_file.previewed", "上传部门数据"),
    ("department_file.corrected", "下载部门数据错误表"),
    ("department_file.committed", "导入部门数据"),
    ("means_test.authorised", "登记核对授权"),
    ("means_test.authorisation_withdrawn", "撤回核对授权"),
    ("means_test.requested", "提请核对"),
    ("means_test.started", "启动核对"),
    ("means_test.reported", "出具核对报告"),
    ("means_test.report_opened", "打开核对报告"),
    ("means_test.check_sent", "向部门发出核对"),
    ("means_test.check_asked", "询问部门"),
    ("means_test.check_answered", "登记部门答复"),
    ("means_test.check_withdrawn", "撤回询问"),
    ("means_test.check_objected", "对核对结果提出异议"),
    ("means_test.check_again", "复核部门答复"),
    ("means_test.check_settled", "核实不一致"),
    ("means_test.check_letter", "制作核对结果告知书"),
    ("plan.peer_taken_in", "导入外地规划"),
    ("record.addressed_listed", "部门查看转来的事项"),
    ("subscription.made", "登记对外推送"),
    ("subscription.paused", "暂停对外推送"),
    ("subscription.resumed", "恢复对外推送"),
    ("subscription.ended", "停用对外推送"),
    ("subscription.replayed", "重新推送"),
    ("subscription.secret_changed", "更换推送密钥"),
    ("subscription.given_up", "对外推送长时间不通，已停"),
    ("record.organisation_desk", "机构打开本机构页面"),
    ("record.organisation_listed", "机构查看本机构登记"),
    ("record.organisation_exported", "机构导出本机构登记"),
    ("record.file_added", "给登记添加材料"),
    ("record.file_opened", "查看登记的材料"),
    ("record.file_removed", "移除登记的材料"),
    ("record.letter_opened", "查看登记的文书"),
    ("means_test.questions_listed", "部门查看核对询问列表"),
    ("means_test.question_opened", "部门打开核对询问"),
    ("means_test.question_revealed", "部门查看完整证件号"),
    ("fact.withdrawn", "部门答复不再说明的情况"),
    ("means_test.check_opened", "打开核对"),
    ("means_test.check_told", "家庭查看核对"),
    ("means_test.check_exported", "导出核对"),
    ("means_test.check_list_exported", "导出询问清单"),
    ("means_test.check_file_taken", "导入部门答复"),
    ("means_test.check_late_exported", "导出逾期询问"),
    ("means_test.sources_exported", "导出部门协作清单"),
    ("means_test.relative_recorded", "登记家庭以外的义务人"),
    ("roll.previewed", "上传名册"),
    ("roll.corrected", "下载名册错误表"),
    ("roll.committed", "确认导入名册"),
    ("roll.family_taken_in", "名册家庭入库"),
    ("roll.undone", "撤销导入名册"),
    ("report.fairness_sheet", "导出公平性统计"),
    ("report.layers_sheet", "导出分层分类救助统计"),
    ("report.glance_sheet", "导出驾驶舱"),
    ("report.performance_sheet", "导出救助绩效"),
    ("report.case_list", "查看统计明细：办件"),
    ("report.roll_list", "查看统计明细：在册"),
    ("record.added", "登记记录"),
    ("record.changed", "变更记录"),
    ("record.corrected", "更正记录"),
    ("record.moved", "变更记录状态"),
    ("record.imported", "导入记录"),
    ("record.import_undone", "撤销导入的记录"),
    ("record.months_exported", "导出逐月对账"),
    ("lead.months_exported", "导出线索逐月对账"),
    ("record.entered", "办件登记记录"),
    ("record.fed", "系统登记记录"),
    ("record.duty_done", "履行职责时变更记录"),
    ("record.duty_performed", "履行职责"),
    ("record.duties_planned", "安排履职计划"),
    ("record.duties_moved", "调整履职计划"),
    ("record.plan_exported", "导出履职计划"),
    ("record.alert_closed", "处理预警"),
    ("record.opened", "打开记录"),
    ("record.searched", "查找记录"),
    ("record.revealed", "查看记录的完整号码"),
    ("record.exported", "导出登记簿"),
    ("record.import_previewed", "上传登记簿文件"),
    ("record.import_corrected", "下载登记簿错误表"),
    ("record.import_committed", "确认导入登记簿"),
    ("record.import_undo", "撤销导入登记簿"),
    ("record.import_resumed", "接着导入登记簿"),
    ("record.bulk_previewed", "预览批量修改"),
    ("record.bulk_committed", "确认批量修改"),
    ("record.bulk_undo", "撤销批量修改"),
    ("record.bulk_resumed", "接着批量修改"),
    ("record.bulk_changed", "批量修改记录"),
    ("record.bulk_undone", "撤销批量修改的记录"),
    ("view.saved", "保存列表视图"),
    ("view.removed", "删除列表视图"),
    ("plan.value_reported", "填报规划数据"),
    ("plan.value_confirmed", "复核规划数据"),
    ("plan.value_refused", "退回规划数据"),
    ("plan.adjustment_proposed", "提出规划目标调整"),
    ("plan.adjustment_approved", "批准规划目标调整"),
    ("plan.adjustment_refused", "不批准规划目标调整"),
    ("plan.split_proposed", "提出规划目标分解"),
    ("plan.split_approved", "批准规划目标分解"),
    ("plan.split_refused", "不批准规划目标分解"),
    ("plan.stage_noted", "登记规划项目进展"),
    ("plan.file_opened", "查看规划项目的照片、文件"),
    ("plan.linked", "规划指标改由系统计算"),
    ("plan.unlinked", "规划指标停止由系统计算"),
    ("plan.exported", "导出规划"),
    ("plan.charged", "明确规划任务分工"),
    ("plan.alert_closed", "处理规划提醒"),
    ("plan.evaluation_written", "撰写规划评估文字"),
    ("plan.evaluation_run", "生成规划评估报告"),
    ("plan.evaluation_exported", "导出规划评估报告"),
    ("plan.evaluation_commented", "第三方评估意见"),
    ("plan.evaluation_answered", "答复第三方评估意见"),
    ("plan.released", "公开规划内容"),
    ("plan.withdrawn", "撤回公开的规划内容"),
    ("release.install", "装入配置包"),
    ("standard.propose", "拟定标准变更"),
    ("standard.release", "发布标准变更"),
    ("standard.refuse", "退回标准变更"),
    ("standard.withdraw", "撤回标准变更"),
    ("standard.confirm_increases", "确认标准增发"),
    ("standard.settle_review", "处理标准复核"),
    ("run.made", "制作发放批次"),
    ("run.approved", "复核发放批次"),
    ("run.cancelled", "作废发放批次"),
    ("run.line_withdrawn", "撤下发放明细"),
    ("run.exported", "导出银行文件"),
    ("run.answered", "读入银行回盘"),
    ("recovery.returned", "登记追回款到账"),
    ("run.reissued", "失败重发"),
    ("run.supplemented", "补充发放"),
    ("proof.issued", "本人出示幸福码"),
    ("benefits.opened", "查看幸福清单"),
    ("month_list.drawn_up", "按月造册"),
    ("month_list.exported", "导出按月名册"),
    ("month_list.report_exported", "导出按月造册发放情况"),
    ("run.closed", "办结发放批次"),
    ("roll.exported", "导出名册"),
    ("means_test.queried", "核对查询"),
    ("means_test.query_refused", "核对查询被拒绝"),
    ("report.roll_sheet", "导出保障月报"),
    ("report.paid_sheet", "导出资金发放情况"),
    ("payment.runs_exported", "导出发放批次"),
    ("report.case_sheet", "导出办件统计"),
    ("person.searched", "查找人员"),
    ("person.opened", "打开档案"),
    ("person.revealed", "查看完整证件号码"),
    ("person.registered", "登记人员"),
    ("person.corrected", "更正人员"),
    ("person.placed", "变更户籍地或居住地"),
    ("person.died", "登记死亡"),
    ("account.recorded", "登记银行账户"),
    ("account.revealed", "查看完整银行账号"),
    ("household.created", "登记家庭"),
    ("household.member_added", "添加家庭成员"),
    ("household.member_removed", "减少家庭成员"),
    ("household.head_changed", "变更户主"),
    ("household.moved", "家庭迁移"),
    ("household.split", "分户"),
    ("fact.recorded", "登记情况"),
    ("duplicate.settled", "核实疑似重复"),
    ("citizen_code.issued", "发放登录验证码"),
];

/// Beginnings that the filter offers, with their titles.
pub const KINDS: &[(&str, &str)] = &[
    ("sign_in.", "登录失败"),
    ("person.", "人员档案"),
    ("household.", "家庭"),
    ("account.", "银行账户"),
    ("case.", "办件"),
    ("staff.", "账号"),
    ("post.", "岗位"),
    ("password.", "密码"),
    ("citizen_code.", "登录验证码"),
    ("audit.", "审计查询"),
    ("attachment.", "照片和扫描件"),
    ("letter.", "文书"),
    ("means_test.", "经济状况核对"),
    ("department_file.", "部门数据"),
    ("entitlement.", "待遇"),
    ("payee.", "领款账户"),
    ("roll.", "在册名册"),
    ("run.", "发放批次"),
    ("report.", "统计报表"),
    ("standard.", "标准"),
    ("joint.", "救助一件事"),
    ("booking.", "窗口预约"),
    ("subscription.", "对外推送"),
];

/// What was done.
#[must_use]
pub fn action(code: &str) -> &str {
    ACTIONS.iter().find(|(known, _)| *known == code).map_or(code, |(_, title)| title)
}

/// To what kind of thing.
#[must_use]
pub fn subject(kind: &str) -> &str {
    match kind {
        "person" => "人员",
        "household" => "家庭",
        "staff" => "账号",
        "post" => "岗位",
        "case" => "办件",
        "duplicate_flag" => "疑似重复",
        "audit" => "审计",
        "entitlement" => "待遇",
        "run" => "发放批次",
        "division" => "辖区",
        "subscription" => "对外推送",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Every word that the program writes into the audit has its title here.
    #[test]
    fn every_word_has_a_title() {
        fn sources(folder: &Path, texts: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    sources(&path, texts);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    texts.push(std::fs::read_to_string(path).unwrap());
                }
            }
        }
        let mut texts = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut texts);
        let beginnings: Vec<&str> = KINDS.iter().map(|(beginning, _)| *beginning).collect();
        let mut untitled = Vec::new();
        for text in &texts {
            for word in text.split('"').skip(1).step_by(2) {
                let known = beginnings.iter().any(|beginning| {
                    word.strip_prefix(beginning).is_some_and(|rest| {
                        // A template's file is no word of the audit.
                        !rest.is_empty()
                            && rest != "typ"
                            && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
                    })
                });
                if known && action(word) == word {
                    untitled.push(word.to_owned());
                }
            }
        }
        assert_eq!(untitled, Vec::<String>::new());
    }
}
