"""What of the notifier somebody sees, who may be limited to departments. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.notify.tables import EVERYTHING, Silence
from gateway.room import InSight, Notice, Permission, Principal


@dataclass(frozen=True, slots=True)
class NoticeSight:
    """As alarms are seen: what a device says, or the whole of what a link's notice stands for."""

    who: Principal
    devices: InSight

    @property
    def everything(self) -> bool:
        """Whether the destinations too are seen, which are the whole site's."""
        return self.devices.everything

    def notice(self, notice: Notice) -> bool:
        return all(map(self.devices.device, notice.devices or (notice.device,)))

    def silence(self, silence: Silence) -> bool:
        """That everything is silenced concerns everybody."""
        return silence.scope == EVERYTHING or self.devices.device(silence.scope)

    def may_end(self, silence: Silence) -> bool:
        """Of the limited, whoever set a silence of a device may end it."""
        own = silence.by == self.who.id and self.devices.device(silence.scope)
        return self.who.may(Permission.SHELVE_ALARMS) and (self.everything or own)
