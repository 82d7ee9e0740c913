#!/usr/bin/env bash
# What somebody would write instead of gitpar, written well: a worktree and a branch a task,
# xargs to run them at once, leftovers committed, everything merged in order, worktrees removed.
# What does not merge is left on its branch.
#
# Usage: script.sh REPOSITORY BASE TASKS JOBS
# TASKS is a folder: `order` names one task a line, `NAME.sh` is what the task does.
# Afterwards the branch `script/level` holds what merged, and the folder TASKS/held what did not.
set -euo pipefail

export repository=$1 base=$2 tasks=$3 jobs=$4
export places=$repository.places

work() {
	local task=$1 place=$places/$1 try
	# adding worktrees in parallel fails now and then, and leaves a branch or a folder behind
	for try in 1 2 3 4 5 6 7 8; do
		git -C "$repository" worktree add --quiet --force -B "task/$task" "$place" "$base" 2>"$tasks/$task.err" && break
		[ "$try" -lt 8 ] || return 1
		rm -rf "$place"
		sleep "0.0$try"
	done
	cd "$place"
	sh "$tasks/$task.sh" </dev/null >"$tasks/$task.log" 2>&1 || return 0
	git add --all
	git diff --cached --quiet || git commit --quiet --message "Task $task"
}

# so does removing them in parallel: it looks at all, and finds some half gone
remove() {
	local try
	for try in 1 2 3 4 5 6 7 8; do
		git worktree remove --force "$places/$1" 2>/dev/null && return
		sleep "0.0$try"
	done
	git worktree remove --force "$places/$1"
}
export -f work remove

mkdir -p "$places" "$tasks/held"
xargs -P "$jobs" -I{} bash -c 'work "$1"' work {} <"$tasks/order"

git -C "$repository" worktree add --quiet -b script/level "$places/level" "$base"
cd "$places/level"
while read -r task; do
	if ! git merge --quiet --no-ff --message "Merge task $task" "task/$task" >"$tasks/$task.merge" 2>&1; then
		git merge --abort
		touch "$tasks/held/$task"
	fi
done <"$tasks/order"

cd "$repository"
{
	cat "$tasks/order"
	echo level
} | xargs -P "$jobs" -I{} bash -c 'remove "$1"' remove {}
rmdir "$places"
