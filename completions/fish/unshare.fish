# Completion of unshare(1) of nskit for fish.

source (status dirname)/nskit.fish

# The words from the program on; fails while the cursor is among the options.
function __nskit_unshare_program
    __nskit_program -l --load-interp --propagation --map-user --map-group --map-users --map-groups --owner --setgroups \
        -S --setuid -G --setgid -R --root -w --wd --monotonic --boottime --whitelist-env
end

function __nskit_unshare_options
    not __nskit_unshare_program >/dev/null
end

complete -c unshare -f
complete -c unshare -a '(__nskit_complete_program (__nskit_unshare_program))'

complete -c unshare -n __nskit_unshare_options -s m -d 'New mount namespace'
complete -c unshare -n __nskit_unshare_options -l mount -d 'New mount namespace' -F
complete -c unshare -n __nskit_unshare_options -s u -d 'New UTS namespace (host name)'
complete -c unshare -n __nskit_unshare_options -l uts -d 'New UTS namespace (host name)' -F
complete -c unshare -n __nskit_unshare_options -s i -d 'New IPC namespace'
complete -c unshare -n __nskit_unshare_options -l ipc -d 'New IPC namespace' -F
complete -c unshare -n __nskit_unshare_options -s n -d 'New network namespace'
complete -c unshare -n __nskit_unshare_options -l net -d 'New network namespace' -F
complete -c unshare -n __nskit_unshare_options -s p -d 'New PID namespace for children'
complete -c unshare -n __nskit_unshare_options -l pid -d 'New PID namespace for children' -F
complete -c unshare -n __nskit_unshare_options -s U -d 'New user namespace'
complete -c unshare -n __nskit_unshare_options -l user -d 'New user namespace' -F
complete -c unshare -n __nskit_unshare_options -s C -d 'New cgroup namespace'
complete -c unshare -n __nskit_unshare_options -l cgroup -d 'New cgroup namespace' -F
complete -c unshare -n __nskit_unshare_options -s T -d 'New time namespace for children'
complete -c unshare -n __nskit_unshare_options -l time -d 'New time namespace for children' -F
complete -c unshare -n __nskit_unshare_options -s f -l fork -d 'Run the program as a child'
complete -c unshare -n __nskit_unshare_options -l kill-child -d 'Send a signal to the child when unshare dies' -f -a '(__nskit_signals)'
complete -c unshare -n __nskit_unshare_options -l forward-signals -d 'Pass SIGTERM and SIGINT on to the child'
complete -c unshare -n __nskit_unshare_options -l mount-proc -d 'Mount a new proc' -f -a '(__fish_complete_directories (commandline -ct))'
complete -c unshare -n __nskit_unshare_options -l mount-binfmt -d 'Mount a new binfmt_misc' -f -a '(__fish_complete_directories (commandline -ct))'
complete -c unshare -n __nskit_unshare_options -s l -l load-interp -d 'Register an interpreter with binfmt_misc' -x
complete -c unshare -n __nskit_unshare_options -l propagation -d 'How mounts pass in and out' -x -a 'private shared slave unchanged'
complete -c unshare -n __nskit_unshare_options -l map-user -d 'Map the user to this one' -x -a '(__fish_complete_users)'
complete -c unshare -n __nskit_unshare_options -l map-group -d 'Map the group to this one' -x -a '(__fish_complete_groups)'
complete -c unshare -n __nskit_unshare_options -s r -l map-root-user -d 'Map user and group to root'
complete -c unshare -n __nskit_unshare_options -s c -l map-current-user -d 'Map user and group to themselves'
complete -c unshare -n __nskit_unshare_options -l map-users -d 'Map a block of users' -x -a 'auto subids all'
complete -c unshare -n __nskit_unshare_options -l map-groups -d 'Map a block of groups' -x -a 'auto subids all'
complete -c unshare -n __nskit_unshare_options -l map-auto -d 'Map the block of /etc/subuid to 0'
complete -c unshare -n __nskit_unshare_options -l map-subids -d 'Map the block of /etc/subuid to itself'
complete -c unshare -n __nskit_unshare_options -l owner -d 'Owner of the new user namespace' -x -a '(__nskit_owners)'
complete -c unshare -n __nskit_unshare_options -l setgroups -d 'Whether setgroups(2) works inside' -x -a 'allow deny'
complete -c unshare -n __nskit_unshare_options -l keep-caps -d 'Let the program keep capabilities'
complete -c unshare -n __nskit_unshare_options -s S -l setuid -d 'Run the program as this user' -x -a '(__nskit_ids passwd)'
complete -c unshare -n __nskit_unshare_options -s G -l setgid -d 'Run the program as this group' -x -a '(__nskit_ids group)'
complete -c unshare -n __nskit_unshare_options -s R -l root -d 'Change the root directory' -x -a '(__fish_complete_directories (commandline -ct))'
complete -c unshare -n __nskit_unshare_options -s w -l wd -d 'Change the working directory' -x -a '(__fish_complete_directories (commandline -ct))'
complete -c unshare -n __nskit_unshare_options -l monotonic -d 'Offset of the monotonic clock' -x
complete -c unshare -n __nskit_unshare_options -l boottime -d 'Offset of the boottime clock' -x
complete -c unshare -n __nskit_unshare_options -l clear-env -d 'Run the program with an empty environment'
complete -c unshare -n __nskit_unshare_options -l whitelist-env -d 'Leave only these variables' -x -a '(__nskit_variables)'
complete -c unshare -n __nskit_unshare_options -s h -l help -d 'Print help'
complete -c unshare -n __nskit_unshare_options -s V -l version -d 'Print the version'
