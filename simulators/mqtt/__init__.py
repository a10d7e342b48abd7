"""Eight MQTT sensors of a radiotherapy department, as strangers would build them."""

from simulators.mqtt.hospital import MqttHospital, Sent, mqtt_hospital
from simulators.mqtt.sensor import FAULTS

__all__ = ["FAULTS", "MqttHospital", "Sent", "mqtt_hospital"]
