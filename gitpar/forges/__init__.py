"""Forges: pull and merge requests over the REST interfaces of GitHub, GitLab, Gitea and Forgejo."""
