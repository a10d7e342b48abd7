"""Forwarding: what was stored goes on to other nodes by rule, from a durable queue."""
