# Completion of nsenter(1) of nskit for fish.

source (status dirname)/nskit.fish

# The words from the program on; fails while the cursor is among the options.
function __nskit_nsenter_program
    __nskit_program -t --target -m= -u= -i= -n= -p= -U= -C= -T= -N --net-socket -S --setuid -G --setgid -r= -w= -W \
        --wdns
end

function __nskit_nsenter_options
    not __nskit_nsenter_program >/dev/null
end

complete -c nsenter -f
complete -c nsenter -a '(__nskit_complete_program (__nskit_nsenter_program))'

complete -c nsenter -n __nskit_nsenter_options -s a -l all -d 'Enter all namespaces of the target'
complete -c nsenter -n __nskit_nsenter_options -s t -l target -d 'Process to take namespaces from' -x -a '(__nskit_processes)'
complete -c nsenter -n __nskit_nsenter_options -s m -l mount -d 'Enter the mount namespace' -f -a '(__nskit_namespace_files mnt)'
complete -c nsenter -n __nskit_nsenter_options -s u -l uts -d 'Enter the UTS namespace (host name)' -f -a '(__nskit_namespace_files uts)'
complete -c nsenter -n __nskit_nsenter_options -s i -l ipc -d 'Enter the IPC namespace' -f -a '(__nskit_namespace_files ipc)'
complete -c nsenter -n __nskit_nsenter_options -s n -l net -d 'Enter the network namespace' -f -a '(__nskit_namespace_files net)'
complete -c nsenter -n __nskit_nsenter_options -s p -l pid -d 'Enter the PID namespace' -f -a '(__nskit_namespace_files pid)'
complete -c nsenter -n __nskit_nsenter_options -s U -l user -d 'Enter the user namespace' -f -a '(__nskit_namespace_files user)'
complete -c nsenter -n __nskit_nsenter_options -s C -l cgroup -d 'Enter the cgroup namespace' -f -a '(__nskit_namespace_files cgroup)'
complete -c nsenter -n __nskit_nsenter_options -s T -l time -d 'Enter the time namespace' -f -a '(__nskit_namespace_files time)'
complete -c nsenter -n __nskit_nsenter_options -s N -l net-socket -d 'Enter the network namespace of a socket of the target' -x -a '(__nskit_nsenter_sockets)'
complete -c nsenter -n __nskit_nsenter_options -l user-parent -d 'Enter the user namespace that owns another one'
complete -c nsenter -n __nskit_nsenter_options -s S -l setuid -d 'Run the program as this user' -x -a '(__nskit_nsenter_ids users)'
complete -c nsenter -n __nskit_nsenter_options -s G -l setgid -d 'Run the program as this group' -x -a '(__nskit_nsenter_ids groups)'
complete -c nsenter -n __nskit_nsenter_options -l preserve-credentials -d 'Leave user, group and groups as they are'
complete -c nsenter -n __nskit_nsenter_options -l keep-caps -d 'Let the program keep capabilities'
complete -c nsenter -n __nskit_nsenter_options -s r -l root -d 'Set the root directory' -f -a '(__fish_complete_directories (commandline -ct))'
complete -c nsenter -n __nskit_nsenter_options -s w -l wd -d 'Set the working directory' -f -a '(__fish_complete_directories (commandline -ct))'
complete -c nsenter -n __nskit_nsenter_options -s W -l wdns -d 'Set the working directory inside' -x -a '(__fish_complete_directories (commandline -ct))'
complete -c nsenter -n __nskit_nsenter_options -s e -l env -d 'Use the environment of the target'
complete -c nsenter -n __nskit_nsenter_options -s F -l no-fork -d 'Do not fork although a PID namespace is entered'
complete -c nsenter -n __nskit_nsenter_options -s c -l join-cgroup -d 'Move into the cgroups of the target'
complete -c nsenter -n __nskit_nsenter_options -s Z -l follow-context -d 'Use the SELinux context of the target'
complete -c nsenter -n __nskit_nsenter_options -s h -l help -d 'Print help'
complete -c nsenter -n __nskit_nsenter_options -s V -l version -d 'Print the version'
