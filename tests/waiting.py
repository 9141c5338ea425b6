"""How long tests wait for a process: against hanging only, because the machine may be busy."""

SECONDS = 300.0
