"""Plan file formats, each read into tasks and able to write their status back.

The way through: `document` turns bytes into a tree that knows where every value stands,
`detect` recognises whose file it is, a format module (`taskmaster`, `agent_os`, `own`)
makes drafts of tasks, `reading` checks them and builds the TaskGraph, `write_back`
changes a status in the file and nothing else.
"""
