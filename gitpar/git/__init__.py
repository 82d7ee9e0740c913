"""Everything that touches Git.

The only importer of pygit2, GitPython and unidiff, and the only place that starts git.
"""
