"""Everything that touches Git: the only importer of pygit2, GitPython and unidiff, the only place that starts git."""
