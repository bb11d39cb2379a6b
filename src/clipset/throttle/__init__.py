"""How fast an egress may be asked, and when not: pure decisions (`governor`) and the gate that waits (`gate`)."""
