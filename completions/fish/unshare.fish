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
complete -c unshare -n __nskit_unshare_options -s m -d 'New mount namespace; with FILE, kept there by a bind mount (so for all kinds)'
complete -c unshare -n __nskit_unshare_options -l mount -d 'New mount namespace; with FILE, kept there by a bind mount (so for all kinds)' $mount
complete -c unshare -n __nskit_unshare_options -s u -d 'New UTS namespace (host name)'
complete -c unshare -n __nskit_unshare_options -l uts -d 'New UTS namespace (host name)' $uts
complete -c unshare -n __nskit_unshare_options -s i -d 'New IPC namespace (System V IPC, POSIX message queues)'
complete -c unshare -n __nskit_unshare_options -l ipc -d 'New IPC namespace (System V IPC, POSIX message queues)' $ipc
complete -c unshare -n __nskit_unshare_options -s n -d 'New network namespace'
complete -c unshare -n __nskit_unshare_options -l net -d 'New network namespace' $net
complete -c unshare -n __nskit_unshare_options -s p -d 'New PID namespace for children: see --fork'
complete -c unshare -n __nskit_unshare_options -l pid -d 'New PID namespace for children: see --fork' $pid
complete -c unshare -n __nskit_unshare_options -s U -d 'New user namespace'
complete -c unshare -n __nskit_unshare_options -l user -d 'New user namespace' $user
complete -c unshare -n __nskit_unshare_options -s C -d 'New cgroup namespace'
complete -c unshare -n __nskit_unshare_options -l cgroup -d 'New cgroup namespace' $cgroup
complete -c unshare -n __nskit_unshare_options -s T -d 'New time namespace for children'
complete -c unshare -n __nskit_unshare_options -l time -d 'New time namespace for children' $time
complete -c unshare -n __nskit_unshare_options -s f -l fork -d 'Run the program as a child'
complete -c unshare -n __nskit_unshare_options -l kill-child -d 'When unshare dies, send SIG (KILL) to the child (implies --fork)' $kill_child
complete -c unshare -n __nskit_unshare_options -l forward-signals -d 'Pass TERM and INT, or those of LIST, on to the child (implies --fork)' -f -a 'all'
complete -c unshare -n __nskit_unshare_options -l init -d 'Run the program below an init that waits for orphans (implies --pid and --fork)'
complete -c unshare -n __nskit_unshare_options -l pty -d 'Give the program its own terminal, and pass ours through (implies --fork)'
complete -c unshare -n __nskit_unshare_options -l status-fd -d 'Tell descriptor FD, in JSON, that the program starts, and how it ends' -x $status_fd
complete -c unshare -n __nskit_unshare_options -l mount-proc -d 'Mount a new proc on DIR (/proc) (implies --mount)' $mount_proc
complete -c unshare -n __nskit_unshare_options -l mount-binfmt -d 'Mount binfmt_misc on DIR (/proc/sys/fs/binfmt_misc) (implies --user, --mount and, without DIR, --mount-proc)' $mount_binfmt
complete -c unshare -n __nskit_unshare_options -s l -l load-interp -d 'Register STR with binfmt_misc (implies --mount-binfmt)' -x $load_interp
complete -c unshare -n __nskit_unshare_options -l propagation -d 'Propagation of the new mounts' -x -a 'private shared slave unchanged'
complete -c unshare -n __nskit_unshare_options -l map-user -d 'Map the caller\'s user to this one (implies --user)' -x $map_user
complete -c unshare -n __nskit_unshare_options -l map-users -d 'Map a block of users' -x -a 'auto ranges subids all'
complete -c unshare -n __nskit_unshare_options -l map-group -d 'Map the caller\'s group to this one (implies --user)' -x $map_group
complete -c unshare -n __nskit_unshare_options -l map-groups -d 'Map a block of groups, as --map-users' -x -a 'auto ranges subids all'
complete -c unshare -n __nskit_unshare_options -s r -l map-root-user -d 'Map the caller\'s user and group to root (implies --user)'
complete -c unshare -n __nskit_unshare_options -s c -l map-current-user -d 'Map the caller\'s user and group to themselves (implies --user)'
complete -c unshare -n __nskit_unshare_options -l map-auto -d '--map-users=auto --map-groups=auto: the first block of /etc/subuid, to 0'
complete -c unshare -n __nskit_unshare_options -l map-ranges -d '--map-users=ranges --map-groups=ranges: all blocks of /etc/subuid, from 0 on'
complete -c unshare -n __nskit_unshare_options -l map-subids -d '--map-users=subids --map-groups=subids: that block, to itself'
complete -c unshare -n __nskit_unshare_options -l owner -d 'The owner of the new user namespace (implies --user)' -x $owner
complete -c unshare -n __nskit_unshare_options -l setgroups -d 'Whether setgroups(2) works in the new user namespace' -x -a 'allow deny'
complete -c unshare -n __nskit_unshare_options -l keep-caps -d 'Let the program keep the capabilities in the new user namespace'
complete -c unshare -n __nskit_unshare_options -l cap-drop -d 'Run the program without these capabilities' -x $cap_drop
complete -c unshare -n __nskit_unshare_options -l cap-add -d 'Leave these capabilities, as far as we have them, after --cap-drop' -x $cap_add
complete -c unshare -n __nskit_unshare_options -l no-new-privs -d 'Let no set-user-ID bit or file capability give the program rights'
complete -c unshare -n __nskit_unshare_options -s S -l setuid -d 'Run the program as this user' -x $setuid
complete -c unshare -n __nskit_unshare_options -s G -l setgid -d 'Run the program as this group, without supplementary ones' -x $setgid
complete -c unshare -n __nskit_unshare_options -s R -l root -d 'Change the root directory' -x $root
complete -c unshare -n __nskit_unshare_options -l pivot-root -d 'Change the root directory by pivot_root(2) (implies --mount)' -x $pivot_root
complete -c unshare -n __nskit_unshare_options -l bind -d 'Show SRC as DST, with all that is mounted below, inside the new root; ro: read-only (implies --mount); repeatable' -x $bind
complete -c unshare -n __nskit_unshare_options -l tmpfs -d 'Mount an empty tmpfs on DST, inside the new root (implies --mount); repeatable' -x $tmpfs
complete -c unshare -n __nskit_unshare_options -l mount-dev -d 'Mount a directory for devices on DIR (/dev), with null, zero, tty, pts and the like (implies --mount)' $mount_dev
complete -c unshare -n __nskit_unshare_options -s w -l wd -d 'Change the working directory, inside --root' -x $wd
complete -c unshare -n __nskit_unshare_options -l monotonic -d 'Offset of the monotonic clock in the new time namespace; @: what it shows' -x $monotonic
complete -c unshare -n __nskit_unshare_options -l boottime -d 'Offset of the boottime clock in the new time namespace; @: what it shows' -x $boottime
complete -c unshare -n __nskit_unshare_options -l loopback -d 'Bring up the loopback device of the new network namespace (implies --net)'
complete -c unshare -n __nskit_unshare_options -l hostname -d 'Set the host name in the new UTS namespace (implies --uts)' -x $hostname_
complete -c unshare -n __nskit_unshare_options -l domainname -d 'Set the NIS domain name in the new UTS namespace (implies --uts)' -x $domainname
complete -c unshare -n __nskit_unshare_options -l clear-env -d 'Run the program with an empty environment'
complete -c unshare -n __nskit_unshare_options -l whitelist-env -d 'Leave only these variables, comma-separated; repeatable' -x $whitelist_env
complete -c unshare -n __nskit_unshare_options -s h -l help -d 'Print this help'
complete -c unshare -n __nskit_unshare_options -s V -l version -d 'Print the version'
# The end of the table.
