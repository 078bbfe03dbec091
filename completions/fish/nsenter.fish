# Completion of nsenter(1) of nskit for fish.

source (status dirname)/nskit.fish

# The words from the program on; fails while the cursor is among the options.
function __nskit_nsenter_program
    __nskit_program $__nskit_nsenter_next
end

function __nskit_nsenter_options
    not __nskit_nsenter_program >/dev/null
end

complete -c nsenter -f
complete -c nsenter -a '(__nskit_complete_program (__nskit_nsenter_program))'

# What completes the arguments.
set -l target -a '(__nskit_processes)'
set -l container -a '(__nskit_cells CONTAINER)'
set -l unit -a '(__nskit_cells UNIT)'
set -l netns -a '(__nskit_networks)'
set -l mount -f -a '(__nskit_namespace_files mnt)'
set -l uts -f -a '(__nskit_namespace_files uts)'
set -l ipc -f -a '(__nskit_namespace_files ipc)'
set -l net -f -a '(__nskit_namespace_files net)'
set -l pid -f -a '(__nskit_namespace_files pid)'
set -l user -f -a '(__nskit_namespace_files user)'
set -l cgroup -f -a '(__nskit_namespace_files cgroup)'
set -l time -f -a '(__nskit_namespace_files time)'
set -l net_socket -a '(__nskit_nsenter_sockets)'
set -l cap_drop
set -l cap_add
set -l setuid -a '(__nskit_nsenter_ids users)'
set -l setgid -a '(__nskit_nsenter_ids groups)'
set -l root -f -a '(__fish_complete_directories (commandline -ct))'
set -l wd -f -a '(__fish_complete_directories (commandline -ct))'
set -l wdns -a '(__fish_complete_directories (commandline -ct))'

# The table of options, as `NSKIT_WRITE=1 cargo test --test documentation` writes it.
set -g __nskit_nsenter_next -t --target --container --unit -m= -u= -i= -n= -p= -U= -C= -T= -N --net-socket --netns \
    -S --setuid -G --setgid --cap-drop --cap-add -r= -w= -W --wdns
complete -c nsenter -n __nskit_nsenter_options -s a -l all -d 'Enter all namespaces of the target'
complete -c nsenter -n __nskit_nsenter_options -s t -l target -d 'The process whose namespaces to enter; INODE: that of its pidfd' -x $target
complete -c nsenter -n __nskit_nsenter_options -l container -d 'The first process of this container: its name, or the beginning of its id' -x $container
complete -c nsenter -n __nskit_nsenter_options -l unit -d 'The main process of this unit of systemd' -x $unit
complete -c nsenter -n __nskit_nsenter_options -s m -l mount -d 'Enter the mount namespace' $mount
complete -c nsenter -n __nskit_nsenter_options -s u -l uts -d 'Enter the UTS namespace (host name)' $uts
complete -c nsenter -n __nskit_nsenter_options -s i -l ipc -d 'Enter the IPC namespace (message queues, shared memory)' $ipc
complete -c nsenter -n __nskit_nsenter_options -s n -l net -d 'Enter the network namespace' $net
complete -c nsenter -n __nskit_nsenter_options -s p -l pid -d 'Enter the PID namespace; the program is a child' $pid
complete -c nsenter -n __nskit_nsenter_options -s U -l user -d 'Enter the user namespace' $user
complete -c nsenter -n __nskit_nsenter_options -s C -l cgroup -d 'Enter the cgroup namespace' $cgroup
complete -c nsenter -n __nskit_nsenter_options -s T -l time -d 'Enter the time namespace' $time
complete -c nsenter -n __nskit_nsenter_options -s N -l net-socket -d 'Enter the network namespace of a socket of the target' -x $net_socket
complete -c nsenter -n __nskit_nsenter_options -l netns -d 'Enter NAME of \'ip netns\', with its /sys and its files of /etc' -x $netns
complete -c nsenter -n __nskit_nsenter_options -l user-parent -d 'Enter the user namespace that owns the others'
complete -c nsenter -n __nskit_nsenter_options -s S -l setuid -d 'Run the program as this user; follow: the target\'s' -x $setuid
complete -c nsenter -n __nskit_nsenter_options -s G -l setgid -d 'Run the program as this group, and no other; follow: the target\'s' -x $setgid
complete -c nsenter -n __nskit_nsenter_options -l preserve-credentials -d 'With --user: stay the same user and groups'
complete -c nsenter -n __nskit_nsenter_options -l keep-caps -d 'With --user: let a program that is not root keep its capabilities'
complete -c nsenter -n __nskit_nsenter_options -l cap-drop -d 'Run the program without these capabilities' -x $cap_drop
complete -c nsenter -n __nskit_nsenter_options -l cap-add -d 'Keep these capabilities, although --cap-drop names them' -x $cap_add
complete -c nsenter -n __nskit_nsenter_options -l no-new-privs -d 'Let no program inside gain rights by set-user-ID files or file capabilities'
complete -c nsenter -n __nskit_nsenter_options -s r -l root -d 'Use the root directory of the target, or DIR outside' $root
complete -c nsenter -n __nskit_nsenter_options -s w -l wd -d 'Start in the working directory of the target, or in DIR outside' $wd
complete -c nsenter -n __nskit_nsenter_options -s W -l wdns -d 'Start in DIR inside' -x $wdns
complete -c nsenter -n __nskit_nsenter_options -s e -l env -d 'Run the program with the environment of the target'
complete -c nsenter -n __nskit_nsenter_options -s F -l no-fork -d 'Do not fork when a PID namespace is entered'
complete -c nsenter -n __nskit_nsenter_options -l pty -d 'Give the program its own terminal (implies a fork)'
complete -c nsenter -n __nskit_nsenter_options -l kill-child -d 'Send SIG (KILL) to the child when nsenter dies (implies a fork)' $kill_child
complete -c nsenter -n __nskit_nsenter_options -l forward-signals -d 'Pass the signals TERM and INT, or those of LIST, on to the child (implies a fork)' -f -a 'all'
complete -c nsenter -n __nskit_nsenter_options -s c -l join-cgroup -d 'Run the program in the cgroups of the target'
complete -c nsenter -n __nskit_nsenter_options -s Z -l follow-context -d 'Run the program in the SELinux context of the target'
complete -c nsenter -n __nskit_nsenter_options -l like-target -d 'Run the program as the target runs: -a -r -w -e -c, and its user, limits and rights'
complete -c nsenter -n __nskit_nsenter_options -s h -l help -d 'Print this help'
complete -c nsenter -n __nskit_nsenter_options -s V -l version -d 'Print the version'
# The end of the table.
