"""Plan file formats, each read into tasks and able to write their status back."""
