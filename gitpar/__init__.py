"""gitpar runs a plan of tasks at once, each in a Git worktree of its own, and lands what is proved.

The stages, in the order a run meets them: plan → schedule → work → diff → detect → land → publish → report.

Where to begin reading: `core/decide.py` says what is done next, `engine/coordinator.py`
is the loop that does it, `core/events.py` lists what can happen, `ports.py` what the
engine asks of the world, `wiring.py` which adapter answers.
"""

__version__ = "0.1.0"
