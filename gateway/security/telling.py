"""What the audit calls signing in, accounts, tokens, and the use of rights."""

from __future__ import annotations

from gateway.room import AUDIT_SYSTEM, Permission, tells

TELLS = tells(
    AUDIT_SYSTEM,
    {
        "access.refuse": ("Refused: no right to it", "拒绝：无权限"),
        "access.open": ("Patient data opened", "打开含患者信息的内容"),
        "session.open": ("Signed in", "登录"),
        "session.close": ("Signed out", "退出登录"),
        "password.change": ("Password changed", "修改密码"),
        "totp.enrol": ("Second factor set up", "启用第二因素"),
        "totp.remove": ("Second factor removed", "移除第二因素"),
        "account.create": ("Account created", "创建账户"),
        "account.change": ("Account changed", "修改账户"),
        "account.lock": ("Account locked", "锁定账户"),
        "account.unlock": ("Account unlocked", "解锁账户"),
        "account.reset-totp": ("Second factor reset by an administrator", "管理员重置第二因素"),
        "account.invite": ("Set-up link made", "生成设置链接"),
        "account.set-up": ("Account set up by its owner", "本人完成账户设置"),
        "account.sign-out": ("Signed out by an administrator", "管理员强制退出"),
        "token.create": ("Token made", "创建令牌"),
        "token.revoke": ("Token revoked", "吊销令牌"),
        Permission.READ_EVENTS: ("Events read", "查看事件"),
        Permission.READ_WIRE: ("Raw messages read", "查看原始报文"),
        Permission.READ_QUARANTINE: ("Quarantine read", "查看待处理报文"),
        Permission.READ_RESULTS: ("Results read", "查看检验结果"),
        Permission.READ_PATIENTS: ("Patients read", "查看患者"),
        Permission.READ_SCHEDULE: ("Schedule read", "查看日程"),
        Permission.READ_IMAGES: ("Images and plans read", "查看影像与计划"),
        Permission.READ_PLANS: ("Plans and fractions read", "查看计划与分次"),
    },
)
