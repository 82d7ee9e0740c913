"""Where workers run: this machine, or others."""
