"""MQTT sensors: QoS 1, acknowledged after the commit."""

from importlib.resources import files

from drivers.mqtt.driver import MqttDriver, check
from drivers.mqtt.explain import explain
from drivers.mqtt.hearing import interpret
from drivers.mqtt.profile import MqttDevice, MqttLink, MqttProfile
from gateway import DriverType

driver_type = DriverType(
    name="mqtt",
    version="1",
    build=MqttDriver,
    home=files(__name__),
    profile=MqttProfile,
    link=MqttLink,
    device=MqttDevice,
    check=check,
    explain=explain,
    interpret=interpret,
)
