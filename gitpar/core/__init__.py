"""The functional core: values and decisions. Standard library only; no files, processes, clock or threads."""
