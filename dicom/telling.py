"""What events of the node are called."""

from __future__ import annotations

from dicom.commitment.events import ANSWERED, REQUESTED
from dicom.forward import facts
from dicom.mpps.events import CHANGED, CREATED
from dicom.pages.names import kind
from dicom.services.workitems import Verb
from dicom.storage.classes import storage_classes
from dicom.storage.object import CONFLICT, DICOM_SYSTEM, OID_SYSTEM
from dicom.storage.removal import CLEARED, HOLD, RELEASE, REMOVED
from dicom.ups.events import FORGET, RESTARTED, ROOM, SUBSCRIBE, SUSPEND, UNSUBSCRIBE
from dicom.watch.watch import PEER
from gateway.room import ACTION_SYSTEM, AUDIT_SYSTEM, NOTED_SYSTEM, joined, tells

TELLS = joined(
    tells(OID_SYSTEM, {"*": ("DICOM object received", "收到 DICOM 对象")}),
    tells(
        OID_SYSTEM,
        {
            uid: (f"{kind(uid)} received", f"收到 {kind(uid)}")
            for uid in storage_classes()
            if kind(uid) != uid
        },
        "urn:oid:",
    ),
    tells(
        DICOM_SYSTEM,
        {
            facts.RULES: ("Rules of forwarding", "转发规则"),
            facts.BEGAN: ("Forwarding begun", "开始转发"),
            facts.SENT: ("Forwarded", "已转发"),
            facts.FAILED: ("Forwarding failed, tried again", "转发失败，将重试"),
            facts.REFUSED: ("Forwarding refused", "转发被拒"),
            facts.HELD: ("Forwarding held by the destination", "目的地暂不接收转发"),
            facts.ASKED: ("Storage commitment asked for", "请求存储承诺"),
            facts.ARCHIVED: ("Storage commitment given by the destination", "目的地已承诺存储"),
            facts.LAPSED: ("Storage commitment not given", "未获存储承诺"),
            f"{PEER} up": ("DICOM peer answers", "DICOM 节点有应答"),
            f"{PEER} down": ("DICOM peer does not answer", "DICOM 节点无应答"),
            CONFLICT: ("DICOM object contradicts another", "DICOM 对象与已有对象矛盾"),
            REMOVED: ("Study removed by a rule", "检查按规则移除"),
            CLEARED: ("Files of a removed study deleted", "已移除检查的文件已删除"),
            CREATED: ("Procedure step begun", "检查步骤开始"),
            CHANGED: ("Procedure step changed", "检查步骤变更"),
        },
    ),
    tells(
        ACTION_SYSTEM,
        {
            HOLD: ("Study held back from removal", "检查保留，不得移除"),
            RELEASE: ("Study may be removed again", "检查解除保留"),
            facts.SEND: ("Study sent by hand", "手工发送检查"),
            facts.RETRY: ("Forwarding tried again by hand", "手工重新转发"),
            facts.DROP: ("Forwarding given up by hand", "手工放弃转发"),
            REQUESTED: ("Storage commitment requested", "收到存储承诺请求"),
            ANSWERED: ("Storage commitment answered", "答复存储承诺"),
        },
    ),
    tells(
        ACTION_SYSTEM,
        {
            Verb.CREATE: ("Work item created", "新建工作项"),
            Verb.SET: ("Work item changed", "修改工作项"),
            Verb.CLAIM: ("Work item claimed", "认领工作项"),
            Verb.COMPLETE: ("Work item completed", "完成工作项"),
            Verb.CANCEL: ("Work item canceled", "取消工作项"),
            Verb.REQUEST_CANCEL: ("Cancellation of a work item asked for", "请求取消工作项"),
            SUBSCRIBE: ("Work items subscribed to", "订阅工作项"),
            UNSUBSCRIBE: ("Subscription to work items ended", "取消订阅工作项"),
            SUSPEND: ("Subscription to new work items ended", "停止订阅新工作项"),
            FORGET: ("Finished work item forgotten", "清除已结束的工作项"),
            RESTARTED: ("Subscribers told of a restart", "通知订阅者已重启"),
        },
        f"{ROOM}.",
    ),
    tells(
        NOTED_SYSTEM,
        {
            "dicom-peers away": ("DICOM peers do not answer", "有 DICOM 节点无应答"),
            "dicom-peers answer": ("All DICOM peers answer", "DICOM 节点均有应答"),
            "dicom-reports stuck": ("Event reports can't be sent", "事件报告无法发送"),
            "dicom-reports flowing": ("Event reports are sent", "事件报告发送正常"),
            "dicom-forward stuck": ("Forwarding is stuck", "转发受阻"),
            "dicom-forward flowing": ("Forwarding is not stuck", "转发正常"),
            "dicom-dead-letters waiting": ("Dead letters need a person", "有死信待处理"),
            "dicom-dead-letters none": ("No dead letters", "没有死信"),
        },
    ),
    tells(
        AUDIT_SYSTEM,
        {
            "dicom.find": ("DICOM query", "DICOM 查询"),
            "dicom.get": ("DICOM retrieval (C-GET) begun", "DICOM 取回（C-GET）开始"),
            "dicom.get-ended": ("DICOM retrieval (C-GET) ended", "DICOM 取回（C-GET）结束"),
            "dicom.move": ("DICOM retrieval (C-MOVE) begun", "DICOM 取回（C-MOVE）开始"),
            "dicom.move-ended": ("DICOM retrieval (C-MOVE) ended", "DICOM 取回（C-MOVE）结束"),
            "dicom.worklist": ("Modality worklist asked for", "查询设备工作列表"),
            "dicom.workitems": ("Work items asked for", "查询工作项"),
            "dicom.workitem": ("Work item read", "读取工作项"),
            "dicom.workitem.create": ("Work item made over HTTP", "经 HTTP 创建工作项"),
            "dicom.workitem.set": ("Work item changed over HTTP", "经 HTTP 修改工作项"),
            "dicom.workitem.state": ("Work item moved on over HTTP", "经 HTTP 变更工作项状态"),
            "dicom.workitem.request-cancel": (
                "Cancelling of a work item asked for over HTTP",
                "经 HTTP 请求取消工作项",
            ),
            "dicom.workitem.subscribe": ("Peer subscribed to work items", "订阅工作项"),
            "dicom.workitem.unsubscribe": ("Peer unsubscribed from work items", "取消订阅工作项"),
            "dicom.workitem.suspend-global": (
                "Subscription to new work items suspended",
                "暂停订阅新工作项",
            ),
            "dicom.call": ("DICOM peer tried by C-ECHO", "对 DICOM 节点做回显测试"),
            "dicom.report.retry": ("DICOM report sent again", "重发 DICOM 报告"),
            "images.export": ("Images or plans exported", "导出影像或计划"),
            "images.send": ("Images or plans sent", "发送影像或计划"),
            "images.fetch": ("Images or plans fetched", "取回影像或计划"),
            "images.remove": ("Study removed by a rule", "检查按规则移除"),
            "images.store": ("Images or plans stored over DICOMweb", "经 DICOMweb 存储影像或计划"),
        },
    ),
)
