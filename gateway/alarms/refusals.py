"""Why a step was refused, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.model import Localized

_CHINESE: Mapping[str, str] = {
    "it is normal: there is nothing to acknowledge": "报警已正常，无需确认",
    "it is acknowledged already": "报警已被确认",
    "it is acknowledged already: reset it": "报警已被确认，请复位",
    "it is shelved: take it from the shelf first": "报警已搁置，请先取消搁置",
    "it is suppressed by what caused it: acknowledge that alarm": "报警被抑制，请确认其原因",
    "it is out of service: return it to service first": "报警已停用，请先恢复使用",
    "it is normal: there is nothing to reset": "报警已正常，无需复位",
    "its cause is still there": "报警原因仍然存在",
    "it does not latch: acknowledge it": "该报警不锁定，请确认",
    "it is not acknowledged: acknowledge it first": "报警尚未确认，请先确认",
    "it is suppressed by what caused it": "报警被其原因抑制",
    "it is not shelved": "报警未被搁置",
    "it is in service": "报警正在使用中",
    "it is shelved already: take it from the shelf first": "报警已被搁置，请先取消搁置",
    "say why it is shelved": "请说明搁置原因",
    "it is out of service already": "报警已停用",
    "say why it is taken out of service": "请说明停用原因",
    "say until when": "请说明截止时间",
    "its end lies in the past": "截止时间已过",
    "no alarm is shelved for so long here": "超过本院允许的最长搁置时间",
    "nothing came of it": "操作未生效",
}


def why(reason: str) -> Localized:
    """A refusal's reason for a reader; one without Chinese stays as it is."""
    chinese = _CHINESE.get(reason)
    return {"en": reason, "zh-CN": chinese} if chinese else reason
