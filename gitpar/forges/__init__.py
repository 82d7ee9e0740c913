"""GitHub and GitLab, asked over their REST interfaces. Read only."""
