# Completion of unshare(1) of nskit for fish.

source (status dirname)/nskit.fish

# The words from the program on; fails while the cursor is among the options.
function __nskit_unshare_program
    __nskit_program $__nskit_unshare_next
end

function __nskit_unshare_options
    not __nskit_unshare_program >/dev/null
end

complete -c unshare -f
complete -c unshare -a '(__nskit_complete_program (__nskit_unshare_program))'

# What completes the arguments.
set -l mount -F
set -l uts -F
set -l ipc -F
set -l net -F
set -l pid -F
set -l user -F
set -l cgroup -F
set -l time -F
set -l load_interp
set -l monotonic
set -l boottime
set -l hostname_
set -l domainname
set -l kill_child -f -a '(__nskit_signals)'
set -l mount_proc -f -a '(__fish_complete_directories (commandline -ct))'
set -l mount_binfmt -f -a '(__fish_complete_directories (commandline -ct))'
set -l map_user -a '(__fish_complete_users)'
set -l map_group -a '(__fish_complete_groups)'
set -l owner -a '(__nskit_owners)'
set -l cap_drop
set -l cap_add
set -l setuid -a '(__nskit_ids passwd)'
set -l setgid -a '(__nskit_ids group)'
set -l root -a '(__fish_complete_directories (commandline -ct))'
set -l wd -a '(__fish_complete_directories (commandline -ct))'
set -l whitelist_env -a '(__nskit_variables)'

# The table of options, as `NSKIT_WRITE=1 cargo test --test documentation` writes it.
set -g __nskit_unshare_next --status-fd -l --load-interp --propagation --map-user --map-users --map-group \
    --map-groups --owner --setgroups --cap-drop --cap-add -S --setuid -G --setgid -R --root --pivot-root --bind \
    --tmpfs -w --wd --monotonic --boottime --hostname --domainname --whitelist-env
complete -c unshare -n __nskit_unshare_options -s m -d 'New mount namespace'
complete -c unshare -n __nskit_unshare_options -l mount -d 'New mount namespace' $mount
complete -c unshare -n __nskit_unshare_options -s u -d 'New UTS namespace (host name)'
complete -c unshare -n __nskit_unshare_options -l uts -d 'New UTS namespace (host name)' $uts
complete -c unshare -n __nskit_unshare_options -s i -d 'New IPC namespace (message queues, shared memory)'
complete -c unshare -n __nskit_unshare_options -l ipc -d 'New IPC namespace (message queues, shared memory)' $ipc
complete -c unshare -n __nskit_unshare_options -s n -d 'New network namespace'
complete -c unshare -n __nskit_unshare_options -l net -d 'New network namespace' $net
complete -c unshare -n __nskit_unshare_options -s p -d 'New PID namespace, for children only: add --fork'
complete -c unshare -n __nskit_unshare_options -l pid -d 'New PID namespace, for children only: add --fork' $pid
complete -c unshare -n __nskit_unshare_options -s U -d 'New user namespace'
complete -c unshare -n __nskit_unshare_options -l user -d 'New user namespace' $user
complete -c unshare -n __nskit_unshare_options -s C -d 'New cgroup namespace'
complete -c unshare -n __nskit_unshare_options -l cgroup -d 'New cgroup namespace' $cgroup
complete -c unshare -n __nskit_unshare_options -s T -d 'New time namespace, for children only'
complete -c unshare -n __nskit_unshare_options -l time -d 'New time namespace, for children only' $time
complete -c unshare -n __nskit_unshare_options -s f -l fork -d 'Run the program as a child'
complete -c unshare -n __nskit_unshare_options -l kill-child -d 'Send SIG (KILL) to the child when unshare dies (implies --fork)' $kill_child
complete -c unshare -n __nskit_unshare_options -l forward-signals -d 'Pass the signals TERM and INT, or those of LIST, on to the child (implies --fork)' -f -a 'all'
complete -c unshare -n __nskit_unshare_options -l init -d 'Run the program below an init, which collects orphans (implies --pid and --fork)'
complete -c unshare -n __nskit_unshare_options -l pty -d 'Give the program its own terminal (implies --fork)'
complete -c unshare -n __nskit_unshare_options -l status-fd -d 'Write JSON to descriptor FD when the program starts and ends' -x $status_fd
complete -c unshare -n __nskit_unshare_options -l mount-proc -d 'Mount a new proc on DIR (/proc)' $mount_proc
complete -c unshare -n __nskit_unshare_options -l mount-binfmt -d 'Mount a new binfmt_misc on DIR (/proc/sys/fs/binfmt_misc) (implies --user)' $mount_binfmt
complete -c unshare -n __nskit_unshare_options -s l -l load-interp -d 'Register STR as an interpreter (implies --mount-binfmt)' -x $load_interp
complete -c unshare -n __nskit_unshare_options -l propagation -d 'How mounts pass between inside and outside' -x -a 'private shared slave unchanged'
complete -c unshare -n __nskit_unshare_options -l map-user -d 'Be this user inside' -x $map_user
complete -c unshare -n __nskit_unshare_options -l map-users -d 'Map a block of users' -x -a 'auto ranges subids all'
complete -c unshare -n __nskit_unshare_options -l map-group -d 'Be this group inside' -x $map_group
complete -c unshare -n __nskit_unshare_options -l map-groups -d 'Map a block of groups, as --map-users does' -x -a 'auto ranges subids all'
complete -c unshare -n __nskit_unshare_options -s r -l map-root-user -d 'Be root inside'
complete -c unshare -n __nskit_unshare_options -s c -l map-current-user -d 'Be the same user and group inside as outside'
complete -c unshare -n __nskit_unshare_options -l map-auto -d 'Map your first block of /etc/subuid and /etc/subgid, from id 0 on'
complete -c unshare -n __nskit_unshare_options -l map-ranges -d 'Map all your blocks of these files, from id 0 on'
complete -c unshare -n __nskit_unshare_options -l map-subids -d 'Map your first block, with the same ids inside'
complete -c unshare -n __nskit_unshare_options -l owner -d 'Have this user and group own the new user namespace' -x $owner
complete -c unshare -n __nskit_unshare_options -l setgroups -d 'Whether programs inside may call setgroups(2)' -x -a 'allow deny'
complete -c unshare -n __nskit_unshare_options -l keep-caps -d 'Let a program that is not root inside keep its capabilities'
complete -c unshare -n __nskit_unshare_options -l cap-drop -d 'Run the program without these capabilities' -x $cap_drop
complete -c unshare -n __nskit_unshare_options -l cap-add -d 'Keep these capabilities, although --cap-drop names them' -x $cap_add
complete -c unshare -n __nskit_unshare_options -l no-new-privs -d 'Let no program inside gain rights by set-user-ID files or file capabilities'
complete -c unshare -n __nskit_unshare_options -s S -l setuid -d 'Run the program as this user' -x $setuid
complete -c unshare -n __nskit_unshare_options -s G -l setgid -d 'Run the program as this group, and no other' -x $setgid
complete -c unshare -n __nskit_unshare_options -s R -l root -d 'Use DIR as the root directory, by chroot(2)' -x $root
complete -c unshare -n __nskit_unshare_options -l pivot-root -d 'Use DIR as the root directory, and leave nothing of the old one, by pivot_root(2)' -x $pivot_root
complete -c unshare -n __nskit_unshare_options -l bind -d 'Show the file or directory SRC as DST inside; ro: read-only' -x $bind
complete -c unshare -n __nskit_unshare_options -l tmpfs -d 'Mount an empty tmpfs on DST inside' -x $tmpfs
complete -c unshare -n __nskit_unshare_options -l mount-dev -d 'Mount a directory with null, zero, tty and the like on DIR (/dev) inside' $mount_dev
complete -c unshare -n __nskit_unshare_options -s w -l wd -d 'Start in DIR, below the new root' -x $wd
complete -c unshare -n __nskit_unshare_options -l monotonic -d 'Add SECONDS to the monotonic clock; @: set it to SECONDS' -x $monotonic
complete -c unshare -n __nskit_unshare_options -l boottime -d 'Add SECONDS to the time since boot; @: set it to SECONDS' -x $boottime
complete -c unshare -n __nskit_unshare_options -l loopback -d 'Bring up the loopback device inside (implies --net)'
complete -c unshare -n __nskit_unshare_options -l hostname -d 'Set the host name inside (implies --uts)' -x $hostname_
complete -c unshare -n __nskit_unshare_options -l domainname -d 'Set the NIS domain name inside (implies --uts)' -x $domainname
complete -c unshare -n __nskit_unshare_options -l clear-env -d 'Run the program with an empty environment'
complete -c unshare -n __nskit_unshare_options -l whitelist-env -d 'Keep only these variables, with commas between them' -x $whitelist_env
complete -c unshare -n __nskit_unshare_options -s h -l help -d 'Print this help'
complete -c unshare -n __nskit_unshare_options -s V -l version -d 'Print the version'
# The end of the table.
